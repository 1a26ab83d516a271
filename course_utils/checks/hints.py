"""What errors say in words of their own, and what a student should then read; for all checks.

A hint holds whenever the error has these words, whatever the function. What only one task can mean
stands in the `hints` of its check, which come first.
"""

import re

from course_utils.checks.outcome import Outcome

LONGEST = 2000  # characters of an error that are searched: a hostile one can be any text
OWN_CHECK = (
    "Your own check refuses a call that is possible: look at its condition, and at what reaches it."
)
MINUS_ZERO = "[p:-p] is empty where the padding p is 0. Count from the front: [p : p + H]."
A_FLOAT = (
    "A number that counts or indexes is a float: / gives one even where nothing remains, // gives "
    "an int."
)
PAIR = "A size may come as one number or as a pair: bring both to a pair before you use it."
TOO_SMALL = (
    "The maps have become smaller than the window that is to slide over them. Print their shape "
    "after each layer: is a padding missing, a stride too many, or the network made for larger "
    "images?"
)
MANY = r"(?:\d+L?, ?)*"

HINTS = {
    # NumPy
    rf"could not broadcast.*\({MANY}0, ?0\)": MINUS_ZERO,
    r"operands could not be broadcast together with shapes.*[(,]0,0\)": MINUS_ZERO,
    r"could not broadcast input array from shape (\([\d,]*\)) into shape (\([\d,]*\))": "What "
    "stands "
    "on the right of = has another shape than the place on the left: {1}, and there is room for "
    "{2}. "
    "Is a slice cut off at the end of the array?",
    r"operands could not be broadcast together with shapes (\([\d,]*\)) (\([\d,]*\))": "Two arrays "
    "are joined number by number, of the shapes {1} and {2}: counted from the last axis, each pair "
    "of sizes must be equal or hold a 1.",
    "operands could not be broadcast together|non-broadcastable": "Two arrays are joined number by "
    "number, but their sizes differ: counted from the last axis, each pair must be equal or hold a "
    "1. Print both shapes.",
    "'float' object cannot be interpreted as an integer|slice indices must be integers": A_FLOAT,
    "'(numpy.)?float(64|32)?' object cannot be interpreted": A_FLOAT,
    r"only integers, slices \(`:`\)": "An index is no whole number. " + A_FLOAT,
    r"index -?\d+ is out of bounds for axis": "An index runs past the end of an axis: is it that "
    "of another axis, or of a window that does not fit any more?",
    "list index out of range|tuple index out of range": "A list or a shape has fewer places than "
    "the index says: the first is number 0.",
    "matmul: Input operand|shapes .* not aligned": "In A @ B, A needs as many columns as B has "
    "rows: print both shapes.",
    "cannot reshape array of size|shape '.*' is invalid for input of size": "reshape keeps all "
    "numbers, so the product of the new sizes must be that of the old: print both.",
    "setting an array element with a sequence": "One place of an array gets several numbers: is a "
    "sum, or an index, missing?",
    r"axes don't match array|axis \d+ is out of bounds|Dimension out of range": "The array has "
    "fewer axes than this line takes it to have: print its shape.",
    "truth value of an array|Boolean value of Tensor": "`if`, `and` and `or` want one True or "
    "False, not one for each number: take .any() or .all(), or np.where, & and |.",
    r"all the input array dimensions .* along dimension (\d+), .* has size (\d+) .* has size "
    r"(\d+)": "Arrays that are put together must be equally long along every other axis: axis "
    "{1} has {2} "
    "places in one and {3} in another.",
    "all the input arrays must have same number of dimensions": "Arrays that are put together "
    "must have equally many axes: is one of them a single row or number?",
    "slice step cannot be zero": "The step of a slice is 0: [::-1] runs backwards, and -0 is 0.",
    "repeated axis|duplicate value in 'axis'|dim .* appears multiple times": "One axis is named "
    "twice.",
    "Integers to negative integer powers": "An int has no negative power: are base and exponent "
    "exchanged, or is a float meant?",
    r"too many indices for (?:array|tensor).*?(\d+)-dimensional, but (\d+)": "An array with {1} "
    "axes "
    "gets {2} indices: print its shape.",
    "too many indices": "A tensor gets more indices than it has axes: print its shape.",
    "arrays used as indices must be": "An index is an array of floats: whole numbers say which "
    "places, True and False which are taken.",
    "boolean index did not match|shape of the mask": "A mask has another shape than what it is to "
    "choose from: print both.",
    "shape mismatch: (indexing|value)": "Arrays of different lengths meet in an index: print both.",
    "negative dimensions are not allowed|negative dimension": "A size has become negative: print "
    "what it is computed from.",
    "either both or neither of x and y": "np.where(condition, x, y) takes both values, or none.",
    "cannot select an axis to squeeze out": "squeeze leaves out axes of length 1 alone.",
    "repeats may not contain negative": "A number of copies is negative.",
    "zero-size array|numel\\(\\) == 0|arg max of an empty|empty sequence": "The largest of no "
    "values "
    "is asked for: is a slice empty?",
    r"expected np.ndarray \(got ([\w.]+)\)": "An array is wanted, and a value of the type {1} "
    "given.",
    "assignment destination is read-only": "This array is a view of another and cannot be written: "
    "take a copy.",
    "Cannot cast ufunc": "An array cannot take in place what has a wider type: write x = x + y.",
    # Python
    "'NoneType' (object|has)|of type 'NoneType'": "Something here is None: does a function that "
    "you call lack its `return`, or was it called for what it changes?",
    r"'tuple' object has no attribute|'tuple' and|and 'tuple'": "A tuple stands "
    "where one array or number is meant: a size that came as a pair, or a function that gives "
    "several results.",
    "'int' object is not subscriptable|non-iterable int": PAIR,
    "'int' object is not iterable|iterable, not int": "One whole number stands where several are "
    "gone through. A size may come as one number or as a pair; max, min and sum want a list.",
    "not enough values to unpack|too many values to unpack": "On the left of = stand as many names "
    "as there are values on the right: print the shape, or what the function returns.",
    r"name '(\w+)' is not defined": "Nothing has this name: is {1} spelled as where it was made, "
    "and has that line, or cell, been run?",
    "is not defined": "Nothing has this name: is it spelled as where it was made?",
    "cannot access (local|free) variable|referenced before assignment": "The variable is used "
    "before "
    "anything is put into it: is it set only inside an `if` or a loop that was not entered?",
    "unexpected keyword argument": "A function is called with an argument that it does not have. "
    "If it is your own, keep its `def` line as the task gives it.",
    r"missing \d+ required|takes \d+ positional|takes from|takes exactly|expected at (least|most)"
    r"|takes no (keyword )?arguments|takes at (least|most)|expected \d+ arguments?, got"
    r"|missing required argument|got multiple values": "A function is called with more or "
    "fewer arguments than it has. If it is your own, keep its `def` line as the task gives it.",
    r"'(<|>|<=|>=)' not supported between instances of '(\w+)' and '(\w+)'": "A {2} is compared "
    "with "
    "a {3}: does each name stand for what you take it for?",
    r"unsupported operand type\(s\) for ([^:]+): '([\w.]+)' and '([\w.]+)'": "{1} stands between "
    "values of the types {2} and {3}: does each name stand for what you take it for?",
    r"can only concatenate (\w+) \(not \"?([\w.]+)\"?\)": "+ puts a {1} and another {1} "
    "together, not "
    "a {2}: is the one to be repeated with *, or the other put into brackets?",
    r"object of type '([\w.]+)' has no len|len\(\) of unsized": "len() is asked of a single "
    "number or "
    "of another thing without length: are the arguments of a call in their order?",
    r"'([\w.]+)' object is not callable": "A value of the type {1} is called like a function: is "
    "an operator missing before the bracket, or does a name stand for two things?",
    r"'([\w.]+)' object is not subscriptable": "A value of the type {1} has no places that [ ] "
    "could ask for: does the name stand for what you take it for?",
    r"cannot unpack non-iterable ([\w.]+)": "One value of the type {1} is given to several names.",
    r"'([\w.]+)' object is not iterable": "A value of the type {1} is gone through like a list: is "
    "range() missing, or does the name stand for another thing?",
    r"'([\w.]+)' object does not support item assignment": "A value of the type {1} cannot be "
    "changed at one place: is an array meant?",
    r"isinstance\(\) arg|isinstance expected": "isinstance(value, type): the value first, the "
    "type second.",
    "string indices must be": "A text is asked for a place by something that is no whole number: "
    "does the name stand for what you take it for?",
    "only 0-dimensional arrays|only length-1 arrays|only size-1 arrays|cannot be converted to "
    "Scalar|only one element tensors": "float(), int() and item() take one number, and several "
    "are given: is a sum or a mean missing?",
    "bad operand type for": "A sign stands before a value that has none: does the name stand for "
    "what you take it for?",
    "object is not an iterator": "next() takes an iterator: write next(iter(...)).",
    "an integer is required|an int is required|expected a sequence of integers|must be tuple of "
    "ints"
    "|'\\w+' object cannot be interpreted as an integer": "A whole number, or several of them, are "
    "wanted where something else is given: are the arguments of a call in their order?",
    r"must be (Tensor|tuple of \w+|int|float|bool|str), (but found|but got|not) ([\w.]+)": "Wanted "
    "is a value of the type {1}, and {3} is given: are the arguments of a call in their order?",
    r"argument '(\w+)'.* must be ([\w. ]+), not ([\w.]+)": "The argument {1} is to be a {2}, and a "
    "value of the type {3} is given: are the arguments of the call in their order?",
    r"invalid combination of arguments|received an invalid combination": "A function of PyTorch "
    "gets arguments of types that it does not take: are they in their order, and is each what "
    "you take it for?",
    r"can't multiply sequence by non-int of type '([\w.]+)'": "A list or a tuple is multiplied "
    "by a "
    "{1}: is np.array() or one of its places meant?",
    r"KeyError: (.+)": "Nothing is kept under {1}: is it the same key that it was put in with?",
    r"zip\(\) argument \d+ is (shorter|longer) than": "What zip() goes through together is not "
    "equally long: print len() of each.",
    r"argument after \*\* must be a mapping": "** takes a dict apart, and another thing is given.",
    r"(tuple|list) indices must be": "A {1} is asked for a place by something that is no whole "
    "number: is an array meant?",
    "only integer scalar arrays can be converted": "An array stands where one whole number is "
    "wanted: is len() or one of its places meant?",
    "boolean array indexing assignment": "A mask is given values of another shape than the places "
    "that it chooses.",
    "could not infer output dtype|only supports? floating|only Tensors of floating|not implemented "
    "for '(Long|Bool|Int)'": "Whole numbers, or True and False, stand where floats are wanted: "
    ".double() or .float() makes them so, and sum() counts what is True.",
    "is not a Module subclass": "Something that is no layer stands among the layers.",
    "unhashable type": "A list or an array is used as a key: are two arguments exchanged?",
    r"module '([\w.]+)' has no attribute '(\w+)'": "{1} has no {2}: is it spelled as in the "
    "documentation, and is it from there?",
    "expects a non-empty TensorList|non-empty list of Tensors|need at least one array": "A list "
    "that is to be put together is empty: does the loop before it ever run?",
    r"range\(\) arg 3 must not be zero": "The step of range() is 0.",
    "context manager protocol": "`with` takes something that is entered and left again: is a call, "
    "or another name, meant?",
    "one_hot is only applicable|expected target.*type|expected scalar type Long": "Labels are "
    "whole "
    "numbers: are features and labels exchanged?",
    "maximum recursion depth": "A function calls itself without end.",
    "by zero": "Something is divided by 0: what if there is nothing to count?",
    # PyTorch
    "Output size is too small|Kernel size can't be greater": TOO_SMALL,
    r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)": "A dense layer "
    "is made for {3} features, but {2} arrive: print the shape of what comes before it. It depends "
    "on the size of the image.",
    r"expected input.* to have (\d+) channels, but got (\d+)": "A convolution is made for {1} "
    "channels, but {2} arrive: in_channels is out_channels of the layer before.",
    r"running_mean should contain (\d+) elements not (\d+)": "A BatchNorm is made for {2} "
    "channels, but {1} arrive.",
    r"size of tensor a \(\d+\) must match": "Two tensors are joined number by number, but their "
    "sizes differ: print both shapes.",
    "(same dtype|expected scalar type|should be the same).*(Long|Int|Byte)|"
    r"\(long int\) and .*should be the same": "Whole numbers meet floats: is it the images that go "
    "in there, and not their labels? If so, make floats of them: .float().",
    "same dtype|expected scalar type|expected m1 and m2|should be the same|!= (float|double)": (
        "Two precisions meet: make each new tensor with the dtype of what it is joined with, "
        "dtype=x.dtype."
    ),
    "on the same device|device meta|meta tensor|on different devices": "Two devices meet: make "
    "each new tensor on the device of the input, device=x.device.",
    "does not require grad|does not have a grad_fn": "The value is not connected with what its "
    "gradient is asked of: was it computed under no_grad(), cut off by detach() or item(), or is "
    "requires_grad False?",
    r"numpy\(\) on Tensor that requires grad": "First x.detach(), then .numpy().",
    "backward through the graph a second time": "One graph serves one way back: compute the loss "
    "anew, or do not keep tensors of earlier steps.",
    "leaf Variable that requires grad": "What learns is changed in place: do it inside "
    "torch.no_grad(), or on a copy.",
    "modified by an inplace operation": "What is still needed for a gradient was changed in place: "
    "write x = x + y, not x += y.",
    "grad can be implicitly created only for scalar": "A gradient belongs to one number: add up or "
    "average first.",
    "more than 1 value per channel when training": "In training mode BatchNorm needs more than one "
    "value for each channel: call eval() first.",
    r"before Module\.__init__\(\) call": "super().__init__() is missing: it is the first line of "
    "__init__.",
    r"'(\w+)' object has no attribute '(\w+)'": "A {1} has no {2}: is it spelled as where it is "
    "made, and is it of the type that you take it for?",
    r"parameter group|duplicate parameters": "Each parameter belongs to one group.",
    # differences
    "it returned a NoneType": "It returned None: is a `return` missing?",
    r"it returned [^,]*, a float, but the result is an int": "/ gives a float even where nothing "
    "remains: // gives an int.",
    r"it returned a tuple, but the result is a NumPy array": "Several values come back, and one "
    "array is wanted: is it one of them, or is np.array() missing?",
    r"it returned a (\w+), but the result is a NumPy array": "The type {1} comes back where an "
    "array is wanted: is a line missing, or another name returned?",
    r"it is a (\w+), but the result is one number": "The type {1} comes back where one number is "
    "wanted: is float() or .item() missing, or another name returned?",
    "it has 0 parts": "The result is empty: is anything ever put into it?",
    "a generator, but the result|is a generator": "A generator has computed nothing yet: is sum(), "
    "list() or tuple() missing?",
    r"it is -?[\d.]+, but the result is a (tuple|list)": "A number stands where a {1} is wanted: "
    "are parts exchanged?",
    "dtype float64, expected float32": "np.zeros(shape) and np.ones(shape) are float64, whatever "
    "the input: give them dtype=x.dtype, or take np.zeros_like.",
    "dtype float32, expected float64": "The input is float64 and is to stay so: is float32 "
    "written somewhere?",
    "dtype int64, expected float": "An array of ints cuts off what comes after the point: give "
    "it dtype=x.dtype.",
    "dtype u?int(8|16|32), expected float": "Whole numbers come back where floats are wanted: is "
    "another array returned?",
    "dtype bool, expected float": "A comparison gives True and False: multiply by what is to stay.",
}


def hint(words: str, own: dict[str, str], *, common: bool = True) -> str:
    """The sentence for an error or difference; a check's own hints come first. Else empty."""
    words = words[:LONGEST]
    for pattern, sentence in [*own.items(), *(HINTS.items() if common else ())]:
        if found := re.search(pattern, words, re.DOTALL):
            for number, group in enumerate(found.groups(default=""), start=1):
                sentence = sentence.replace(f"{{{number}}}", group)
            return sentence
    return ""


def explained(outcome: Outcome, own: dict[str, str]) -> str:
    """The sentence for an error in a call that is possible; empty where there is none."""
    if re.match(r"At line \d+ of your cell: (raise|assert)\b", outcome.where):
        return OWN_CHECK
    if outcome.kind == "Unusable" and "a NoneType" not in (outcome.error or ""):
        return hint(outcome.error, own, common=False)
    return hint(outcome.error or "", own)
