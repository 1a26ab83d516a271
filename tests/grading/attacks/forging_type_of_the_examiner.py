"""Instead of a value comes the name of a type or a dtype that is to be looked up."""

from grading.attacks import answering

HARMLESS = True
FLAW, TRICK = "V3", "injection"
CELLS = answering("""
value = {"scale": ["type", "__builtins__"], "count": ["torch dtype", "__class__"],
         "Model": ["device", "cuda:0/../../x"]}[self.asked]
self.send({"number": question["number"], "value": {"kind": value}})
""")
SAYS = "there is no answer"
