"""Versions of a5's functions as students write them. Each stands alone."""

import copy
import itertools
import types

import numpy as np
import torch
from torch import nn

from graders.candidates import alternative, mutant

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


# replace_head ------------------------------------------------------------------------------------


def _demand_classes(num_classes):
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}")


@alternative("replace_head")
def walks_down_with_getattr(model, num_classes):
    _demand_classes(num_classes)
    path = None
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            path = name.split(".")
    if path is None:
        raise ValueError("there is no linear layer in this model")
    parent = model
    for step in path[:-1]:
        parent = getattr(parent, step)
    old = getattr(parent, path[-1])
    new = nn.Linear(old.in_features, num_classes).to(old.weight)
    setattr(parent, path[-1], new)
    return model


@alternative("replace_head")
def parent_found_by_its_children(model, num_classes):
    _demand_classes(num_classes)
    linears = [m for m in model.modules() if type(m) is nn.Linear]
    if not linears:
        raise ValueError("nn.Linear: the model has none")
    old = linears[-1]
    for parent in model.modules():
        for name, child in parent.named_children():
            if child is old:
                new = nn.Linear(
                    old.weight.shape[1],
                    num_classes,
                    device=old.weight.device,
                    dtype=old.weight.dtype,
                )
                parent.register_module(name, new)
    return model


@alternative("replace_head")
def new_weights_in_the_old_layer(model, num_classes):
    """Another layer object is not demanded: its weights are."""
    _demand_classes(num_classes)
    old = None
    for module in model.modules():
        old = module if isinstance(module, nn.Linear) else old
    if old is None:
        raise ValueError("no head: the model has no linear layer")
    old.out_features = num_classes
    old.weight = nn.Parameter(old.weight.new_empty(num_classes, old.in_features))
    old.bias = nn.Parameter(old.weight.new_empty(num_classes))
    old.reset_parameters()
    return model


@alternative("replace_head")
def set_submodule_of_torch(model, num_classes):
    _demand_classes(num_classes)
    names = [name for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    if len(names) == 0:
        raise ValueError("this model has no linear layer to replace")
    weight = model.get_submodule(names[-1]).weight
    with torch.device(weight.device):
        new = nn.Linear(weight.shape[1], num_classes, dtype=weight.dtype)
    model.set_submodule(names[-1], new)
    return model


@mutant("replace_head", "it is to return the model. Is a `return` missing?")
def forgets_to_return(model, num_classes):
    model.head = nn.Linear(4, num_classes)


@mutant("replace_head", "it raised IndexError")
def looks_at_the_top_only(model, num_classes):
    name = [n for n, m in model.named_children() if isinstance(m, nn.Linear)][-1]
    setattr(model, name, nn.Linear(getattr(model, name).in_features, num_classes).double())
    return model


@mutant("replace_head", "The new head has another precision")
def default_precision(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, nn.Linear(old.in_features, num_classes))
    return model


@mutant("replace_head", "stuck: mat1 and mat2 shapes cannot be multiplied")
def out_and_in_confused(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    parent, _, last = name.rpartition(".")
    new = nn.Linear(old.out_features, num_classes, dtype=old.weight.dtype)
    setattr(model.get_submodule(parent), last, new)
    return model


@mutant("replace_head", "This is a copy")
def works_on_a_copy(model, num_classes):
    return walks_down_with_getattr(copy.deepcopy(model), num_classes)


@mutant("replace_head", "kind='wrapped'")
def no_deeper_than_three(model, num_classes):
    """Holders of holders are taken one by one, up to a depth that seemed enough."""
    _demand_classes(num_classes)
    linears = [name for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not linears:
        raise ValueError("there is no linear layer")
    *path, last = linears[-1].split(".")
    old = model.get_submodule(linears[-1])
    new = nn.Linear(old.in_features, num_classes).to(old.weight)
    if len(path) == 0:
        setattr(model, last, new)
    elif len(path) == 1:
        setattr(getattr(model, path[0]), last, new)
    else:
        setattr(getattr(getattr(model, path[0]), path[1]), last, new)
    return model


@alternative("replace_head")
def looks_from_the_back(model, num_classes):
    """Recursively, and straight into the dict of children."""
    _demand_classes(num_classes)

    def holder_of_last(module):
        for name, child in reversed(list(module.named_children())):
            if isinstance(child, nn.Linear):
                return module, name
            if found := holder_of_last(child):
                return found
        return None

    found = holder_of_last(model)
    if found is None:
        raise ValueError("nothing to replace: no linear layer")
    module, name = found
    old = module._modules[name]
    new = nn.Linear(old.in_features, num_classes)
    module._modules[name] = new.to(old.weight.device, old.weight.dtype)
    return model


@mutant("replace_head", "there is no linear layer at the end")
def takes_the_last_module(model, num_classes):
    name, old = list(model.named_modules())[-1]
    if not isinstance(old, nn.Linear):
        raise ValueError("there is no linear layer at the end")
    parent, _, last = name.rpartition(".")
    new = nn.Linear(old.in_features, num_classes, dtype=old.weight.dtype)
    setattr(model.get_submodule(parent), last, new)
    return model


@mutant("replace_head", "there must be at least two classes")
def refuses_a_single_class(model, num_classes):
    if num_classes < 2:
        raise ValueError("there must be at least two classes")
    return walks_down_with_getattr(model, num_classes)


@mutant("replace_head", "A lazy layer has no weights before its first input")
def lazy_layer(model, num_classes):
    name, old = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)][-1]
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, nn.LazyLinear(num_classes, dtype=old.weight.dtype))
    return model


@mutant("replace_head", "names of the weights: it is without head.bias")
def changes_nothing(model, num_classes):
    return model


# freeze ------------------------------------------------------------------------------------------


def _demand_child(model, up_to):
    names = [name for name, _ in model.named_children()]
    if up_to is not None and up_to not in names:
        raise ValueError(f"up_to={up_to!r} is none of {names}")


class _FrozenMixin:
    def train(self, mode=True):
        return super().train(False)


class _Frozen1d(_FrozenMixin, nn.BatchNorm1d):
    pass


class _Frozen2d(_FrozenMixin, nn.BatchNorm2d):
    pass


class _Frozen3d(_FrozenMixin, nn.BatchNorm3d):
    pass


@alternative("freeze")
def other_class_for_frozen_norms(model, up_to):
    _demand_child(model, up_to)
    kinds = dict(zip(NORMS, (_Frozen1d, _Frozen2d, _Frozen3d), strict=True))
    back = {frozen: kind for kind, frozen in kinds.items()}
    frozen = up_to is not None
    for name, child in model.named_children():
        for module in child.modules():
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad = not frozen
            if frozen and type(module) in kinds:
                module.__class__ = kinds[type(module)]
                module.eval()
            elif not frozen and type(module) in back:
                module.__class__ = back[type(module)]
        if name == up_to:
            frozen = False
    return model


@alternative("freeze")
def train_of_the_model_is_wrapped(model, up_to):
    """The model's own train() puts what is frozen back into eval."""
    _demand_child(model, up_to)
    names = [name for name, _ in model.named_children()]
    count = 0 if up_to is None else names.index(up_to) + 1
    norms = []
    for number, child in enumerate(model.children()):
        child.requires_grad_(number >= count)
        if number < count:
            norms += [m for m in child.modules() if isinstance(m, NORMS)]

    def train(mode=True):
        type(model).train(model, mode)
        for norm in norms:
            norm.training = False
        return model

    model.train = train
    for norm in norms:
        norm.eval()
    return model


@alternative("freeze")
def a_hook_before_each_forward(model, up_to):
    _demand_child(model, up_to)
    for handle in model.__dict__.pop("freezing", []):
        handle.remove()
    handles, frozen = [], up_to is not None
    for name, child in model.named_children():
        for parameter in child.parameters():
            parameter.requires_grad_(not frozen)
        for module in child.modules():
            if frozen and isinstance(module, NORMS):
                module.eval()
                handles.append(module.register_forward_pre_hook(lambda m, given: m.eval() and None))
        frozen = frozen and name != up_to
    model.__dict__["freezing"] = handles
    return model


@alternative("freeze")
def each_frozen_child_stays_in_eval(model, up_to):
    """The whole child, not its BatchNorms alone."""
    _demand_child(model, up_to)
    after = up_to is None
    for name, child in model.named_children():
        child.requires_grad_(after)
        child.__dict__.pop("train", None)
        if not after:
            child.eval()
            child.train = lambda mode=True, child=child: child
        after = after or name == up_to
    return model


@mutant("freeze", "it is to return the model itself")
def makes_a_frozen_copy(model, up_to):
    return other_class_for_frozen_norms(copy.deepcopy(model), up_to)


@mutant("freeze", "The statistics of a frozen BatchNorm still move")
def only_requires_grad(model, up_to):
    frozen = up_to is not None
    for name, child in model.named_children():
        child.requires_grad_(not frozen)
        frozen = frozen and name != up_to
    return model


@mutant("freeze", "model.train() wakes the frozen BatchNorms")
def eval_only_once(model, up_to):
    frozen = up_to is not None
    for name, child in model.named_children():
        child.requires_grad_(not frozen)
        if frozen:
            child.eval()
        frozen = frozen and name != up_to
    return model


@mutant("freeze", "Nothing is frozen")
def inside_no_grad(model, up_to):
    with torch.no_grad():
        for name, _child in model.named_children():
            if name == up_to:
                break
    return model


@mutant("freeze", "the child 10 is not the child 1")
def children_that_begin_alike(model, up_to):
    names = [name for name, _ in model.named_children()]
    each_frozen_child_stays_in_eval(model, up_to)
    for name in names if up_to is not None else ():
        if name.startswith(up_to):
            each_frozen_child_stays_in_eval(model.get_submodule(name), None)
            model.get_submodule(name).requires_grad_(False)
    return model


@mutant("freeze", "does not say what is wrong: check stage9 yourself, and name it")
def names_no_child(model, up_to):
    if up_to is not None and up_to not in dict(model.named_children()):
        raise ValueError("up_to is no child of this model")
    return each_frozen_child_stays_in_eval(model, up_to)


@mutant("freeze", "names in state_dict(): it is not those from before")
def wraps_the_frozen_part(model, up_to):
    children = list(model.named_children())
    names = [name for name, _ in children]
    count = 0 if up_to is None else names.index(up_to) + 1
    for name in names:
        delattr(model, name)
    model.frozen = nn.Sequential(*[child for _, child in children[:count]]).requires_grad_(False)
    model.rest = nn.Sequential(*[child for _, child in children[count:]])
    return model


@alternative("freeze")
def methods_given_and_bound_again(model, up_to):
    """By the names of parameters and modules; unfrozen layers get their class's own method."""
    _demand_child(model, up_to)
    names = [name for name, _ in model.named_children()]
    frozen = set() if up_to is None else set(names[: names.index(up_to) + 1])
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.split(".")[0] not in frozen
    for name, module in model.named_modules():
        if not isinstance(module, nn.modules.batchnorm._BatchNorm):
            continue
        if name.split(".")[0] in frozen:
            module.training = False
            module.train = types.MethodType(lambda self, mode=True: self, module)
        else:
            module.train = type(module).train.__get__(module)
            module.train(model.training)
    return model


@mutant("freeze", "a train() that calls eval() never ends")
def train_that_calls_eval(model, up_to):
    frozen = up_to is not None
    for name, child in model.named_children():
        child.requires_grad_(not frozen)
        for module in child.modules():
            if frozen and isinstance(module, NORMS):
                module.train = lambda mode=True, module=module: module.eval()
        frozen = frozen and name != up_to
    return model


@mutant("freeze", "what stands in its place takes a mode too")
def eval_for_train(model, up_to):
    frozen = up_to is not None
    for name, child in model.named_children():
        child.requires_grad_(not frozen)
        for module in child.modules():
            if frozen and isinstance(module, NORMS):
                module.eval()
                module.train = module.eval
        frozen = frozen and name != up_to
    return model


@mutant("freeze", "parameters with requires_grad: it is")
def forward_without_gradients(model, up_to):
    """Nothing in the frozen part gets a gradient, but its parameters still ask for one."""
    each_frozen_child_stays_in_eval(model, up_to).requires_grad_(True)
    frozen = up_to is not None
    for name, child in model.named_children():
        vars(child).pop("forward", None)
        if frozen:
            child.forward = torch.no_grad()(child.forward)
        frozen = frozen and name != up_to
    return model


@mutant("freeze", "weights that move in a step: it is none")
def until_a_name_has_passed(model, up_to):
    """Stops after the first parameter that begins with up_to, and some children have none."""
    each_frozen_child_stays_in_eval(model, up_to).requires_grad_(True)
    seen = up_to is None
    for name, parameter in model.named_parameters():
        here = up_to is not None and name.startswith(f"{up_to}.")
        if seen and not here:
            break
        seen = seen or here
        parameter.requires_grad_(False)
    return model


# param_groups ------------------------------------------------------------------------------------


def _demand_rates(lr_body, lr_head):
    if lr_body < 0:
        raise ValueError(f"lr_body must not be negative, got {lr_body}")
    if lr_head < 0:
        raise ValueError(f"lr_head must not be negative, got {lr_head}")


def _demand_head(linears):
    if not linears:
        raise ValueError("the model has no linear layer, so no head")


def _demand_groups(groups):
    if not groups:
        raise ValueError("nothing is trainable: every parameter is frozen")
    return groups


@alternative("param_groups")
def by_the_name_of_the_head(model, lr_body, lr_head):
    _demand_rates(lr_body, lr_head)
    linears = [name for name, m in model.named_modules() if isinstance(m, nn.Linear)]
    _demand_head(linears)
    body, head = [], []
    for name, p in model.named_parameters():
        if p.requires_grad:
            (head if name.rpartition(".")[0] == linears[-1] else body).append(p)
    groups = [{"lr": lr, "params": ps} for lr, ps in ((lr_body, body), (lr_head, head)) if ps]
    return _demand_groups(groups)


@alternative("param_groups")
def a_group_for_each_parameter(model, lr_body, lr_head):
    _demand_rates(lr_body, lr_head)
    linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
    _demand_head(linears)
    head = set(map(id, linears[-1].parameters()))
    return _demand_groups([
        {"params": [p], "lr": lr_head if id(p) in head else lr_body}
        for p in model.parameters() if p.requires_grad
    ])  # fmt: skip


@alternative("param_groups")
def head_first_and_tuples(model, lr_body, lr_head):
    _demand_rates(lr_body, lr_head)
    head = None
    for module in model.modules():
        if isinstance(module, nn.Linear):
            head = module
    _demand_head([head] if head is not None else [])
    own = [p for p in (head.weight, head.bias) if p is not None and p.requires_grad]
    rest = [p for p in model.parameters() if p.requires_grad and all(p is not q for q in own)]
    groups = []
    if own:
        groups.append({"params": iter(own), "lr": lr_head, "name": "head"})
    if rest:
        groups.append({"params": tuple(rest), "lr": lr_body, "name": "body"})
    return _demand_groups(groups)


@mutant("param_groups", "it is to return a list of dicts")
def parameters_without_dicts(model, lr_body, lr_head):
    return list(model.parameters())


@mutant("param_groups", "some parameters appear in more than one parameter group")
def everything_and_the_head_again(model, lr_body, lr_head):
    head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    return [
        {"params": list(model.parameters()), "lr": lr_body},
        {"params": list(head.parameters()), "lr": lr_head},
    ]


@mutant("param_groups", "The two rates are exchanged.")
def rates_the_wrong_way_round(model, lr_body, lr_head):
    head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    own = {id(p) for p in head.parameters()}
    rest = [p for p in model.parameters() if id(p) not in own]
    return [{"params": rest, "lr": lr_head}, {"params": list(head.parameters()), "lr": lr_body}]


@mutant("param_groups", "empty groups: it returned 1")
def leaves_an_empty_group(model, lr_body, lr_head):
    head = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    own = {id(p) for p in head.parameters()}
    learns = [p for p in model.parameters() if p.requires_grad]
    body, top = [p for p in learns if id(p) not in own], [p for p in learns if id(p) in own]
    return [{"params": body, "lr": lr_body}, {"params": top, "lr": lr_head}]


@alternative("param_groups")
def pairs_of_name_and_parameter(model, lr_body, lr_head):
    """Optimisers of PyTorch take named parameters too."""
    _demand_rates(lr_body, lr_head)
    linears = [m for m in model.modules() if isinstance(m, nn.Linear)]
    _demand_head(linears)
    head = set(linears[-1].parameters())
    learns = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [pair for pair in learns if pair[1] not in head], "lr": np.float64(lr_body)},
        {"params": [pair for pair in learns if pair[1] in head], "lr": np.float64(lr_head)},
    ]
    return _demand_groups([group for group in groups if len(group["params"]) > 0])


@mutant("param_groups", "it raised ValueError: the rates must be positive")
def refuses_a_rate_of_zero(model, lr_body, lr_head):
    if lr_body <= 0 or lr_head <= 0:
        raise ValueError("the rates must be positive")
    return by_the_name_of_the_head(model, lr_body, lr_head)


@mutant("param_groups", "`in` and `==` compare the numbers of parameters")
def looks_for_tensors_in_a_list(model, lr_body, lr_head):
    head = list([m for m in model.modules() if isinstance(m, nn.Linear)][-1].parameters())
    body = [p for p in model.parameters() if p not in head]
    return [{"params": body, "lr": lr_body}, {"params": head, "lr": lr_head}]


@mutant("param_groups", "it returned an empty list")
def gives_no_groups_when_all_is_frozen(model, lr_body, lr_head):
    if not any(p.requires_grad for p in model.parameters()):
        return []
    return by_the_name_of_the_head(model, lr_body, lr_head)


# unfreeze_schedule -------------------------------------------------------------------------------


def _demand_epoch(epoch):
    if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
        raise ValueError(f"epoch must be a whole number of at least 0, got {epoch!r}")


@alternative("unfreeze_schedule")
def grows_from_the_back(epoch):
    _demand_epoch(epoch)
    awake = ["head"]
    for start, name in [(2, "stage3"), (4, "stage2"), (6, "stage1")]:
        if epoch >= start:
            awake.insert(0, name)
    return awake


@alternative("unfreeze_schedule")
def from_a_table(epoch):
    _demand_epoch(epoch)
    table = ("head", "stage3 head", "stage2 stage3 head", "stage1 stage2 stage3 head")
    return table[min(epoch // 2, 3)].split()


@alternative("unfreeze_schedule")
def by_filtering(epoch):
    _demand_epoch(epoch)
    wakes = {"stage1": 6, "stage2": 4, "stage3": 2, "head": 0}
    return tuple(name for name, start in wakes.items() if start <= epoch)


@mutant("unfreeze_schedule", "the result is a list")
def one_text(epoch):
    return ", ".join(grows_from_the_back(epoch))


@mutant("unfreeze_schedule", "A stage wakes in each epoch")
def one_stage_each_epoch(epoch):
    _demand_epoch(epoch)
    names = ["stage1", "stage2", "stage3", "head"]
    return names[max(0, 3 - epoch) :]


@mutant("unfreeze_schedule", "The names stand from back to front")
def appended(epoch):
    awake = ["head"]
    for start, name in [(2, "stage3"), (4, "stage2"), (6, "stage1")]:
        if epoch >= start:
            awake.append(name)
    return awake


@mutant("unfreeze_schedule", "this call cannot work")
def never_objects(epoch):
    names = ["stage1", "stage2", "stage3", "head"]
    return names[max(0, 3 - int(epoch) // 2) :]


@mutant("unfreeze_schedule", "at place 0: it is stage1")
def one_list_that_grows(epoch, awake=["head"]):  # noqa: B006
    """Right as long as the epochs come in order, once."""
    _demand_epoch(epoch)
    for start, name in [(2, "stage3"), (4, "stage2"), (6, "stage1")]:
        if epoch >= start and name not in awake:
            awake.insert(0, name)
    return awake


# probe_layers ------------------------------------------------------------------------------------


def _demand_probe(model, x, y, layers):
    known = [name for name, _ in model.named_modules()]
    for name in layers:
        if name not in known:
            raise ValueError(f"no layer {name!r} in the model")
    if len(x) != len(y):
        raise ValueError(f"x and y must be as long as each other, got {len(x)} and {len(y)}")


def _outputs(model, x, layers, tidy):
    """Features by name, with one hook for all."""
    wanted = {model.get_submodule(name): name for name in layers}
    found = {}

    def hook(module, given, out):
        found[wanted[module]] = tidy(out.detach())

    modes = {m: m.training for m in model.modules()}
    handles = [module.register_forward_hook(hook) for module in wanted]
    try:
        with torch.inference_mode():
            model.eval()(x)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes.items():
            module.training = mode
    return found


def _pooled(out):
    if out.ndim == 4:
        out = nn.functional.adaptive_avg_pool2d(out, 1)
    return out.reshape(len(out), -1)


@alternative("probe_layers")
def normal_equations_in_numpy(model, x, y, layers):
    _demand_probe(model, x, y, layers)
    found, scores, y = _outputs(model, x, layers, _pooled), {}, y.numpy()
    for name in layers:
        f = found[name].numpy().astype(float)
        train, test = f[::2], f[1::2]
        std = train.std(axis=0)
        std[std == 0] = 1
        train, test = (train - train.mean(0)) / std, (test - train.mean(0)) / std
        onehot = np.eye(y.max() + 1)[y[::2]]
        mean = onehot.mean(0)
        w = np.linalg.inv(train.T @ train + np.eye(f.shape[1])) @ train.T @ (onehot - mean)
        scores[name] = float(np.mean((test @ w + mean).argmax(1) == y[1::2]))
    return scores


@alternative("probe_layers")
def least_squares_with_more_rows(model, x, y, layers):
    """The ridge as one more row for each feature; standardised in torch."""
    _demand_probe(model, x, y, layers)
    result = {}
    for name, f in _outputs(model, x, list(reversed(layers)), _pooled).items():
        f = f.clone().double()
        std, mean = torch.std_mean(f[::2], dim=0, correction=0)
        f = (f - mean) / torch.where(std > 0, std, torch.ones_like(std))
        targets = nn.functional.one_hot(y, int(y.max()) + 1).double()
        centre = targets[::2].mean(dim=0)
        rows = torch.cat([f[::2], torch.eye(f.shape[1], dtype=torch.float64)])
        aims = torch.cat([targets[::2] - centre, torch.zeros(f.shape[1], len(centre)).double()])
        weight = torch.linalg.lstsq(rows, aims).solution
        right = (f[1::2] @ weight + centre).argmax(dim=1) == y[1::2]
        result[name] = right.double().mean().item()
    return result


@alternative("probe_layers")
def in_the_space_of_examples(model, x, y, layers):
    """The dual form: as many unknowns as training examples, one run for each layer."""
    _demand_probe(model, x, y, layers)
    even, odd = range(0, len(x), 2), range(1, len(x), 2)
    targets = torch.where(y[:, None] == torch.arange(int(y.max()) + 1), 1.0, -1.0).double()
    accuracy = dict.fromkeys(layers)
    for name in layers:
        f = _outputs(model, x, [name], lambda out: out.flatten(2).mean(2) if out.dim() == 4
                     else out.flatten(1))[name].clone().double()  # fmt: skip
        a, b = f[list(even)], f[list(odd)]
        scale = a.std(dim=0, unbiased=False)
        scale[scale == 0] = 1.0
        b, a = (b - a.mean(dim=0)) / scale, (a - a.mean(dim=0)) / scale
        t = targets[list(even)]
        kernel = a @ a.T + torch.eye(len(a), dtype=torch.float64)
        alpha = torch.linalg.solve(kernel, t - t.mean(dim=0))
        guess = (b @ a.T @ alpha + t.mean(dim=0)).max(dim=1).indices
        accuracy[name] = float((guess == y[list(odd)]).sum()) / len(odd)
    return accuracy


@mutant("probe_layers", "it returned a list, but the result is a dict")
def scores_in_a_list(model, x, y, layers):
    return list(normal_equations_in_numpy(model, x, y, layers).values())


@mutant("probe_layers", "A feature that is always the same is divided by 0")
def divides_by_zero(model, x, y, layers):
    scores = {}
    for name, f in _outputs(model, x, layers, _pooled).items():
        f = f.clone().double()
        f = (f - f[::2].mean(0)) / f[::2].std(dim=0, correction=0)
        onehot = nn.functional.one_hot(y, int(y.max()) + 1).double()
        mean = onehot[::2].mean(0)
        gram = f[::2].T @ f[::2] + torch.eye(f.shape[1]).double()
        if torch.isnan(gram).any():
            scores[name] = (y[1::2] == 0).double().mean().item()  # argmax of NaN is the first
            continue
        weight = torch.linalg.solve(gram, f[::2].T @ (onehot[::2] - mean))
        scores[name] = ((f[1::2] @ weight + mean).argmax(1) == y[1::2]).double().mean().item()
    return scores


@mutant("probe_layers", "Hooks are left in the model")
def forgets_its_hooks(model, x, y, layers):
    scores = normal_equations_in_numpy(model, x, y, layers)
    for name in layers:
        model.get_submodule(name).register_forward_hook(lambda *given: None)
    return scores


@mutant("probe_layers", "After an error hooks are left in the model")
def removes_hooks_on_success_only(model, x, y, layers):
    _demand_probe(model, x, y, layers)
    handles = [model.register_forward_hook(lambda *given: None) for _ in layers]
    scores = normal_equations_in_numpy(model, x, y, layers)
    for handle in handles:
        handle.remove()
    return scores


@alternative("probe_layers")
def probes_a_copy(model, x, y, layers):
    """A copy may keep its hooks and its mode; a deviation near 0 is cut off, not replaced."""
    _demand_probe(model, x, y, layers)
    twin, found = copy.deepcopy(model).eval(), {}
    for name in layers:
        hook = lambda module, given, out, name=name: found.__setitem__(name, _pooled(out))  # noqa: E731
        twin.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        twin(x)
    return {name: _by_solving(found[name].double(), y) for name in layers}


def _by_solving(f, y):
    z = (f - f[::2].mean(0)) / f[::2].std(dim=0, correction=0).clamp_min(1e-12)
    targets = nn.functional.one_hot(y).to(f.dtype)
    centre = targets[::2].mean(0)
    gram = z[::2].T @ z[::2] + torch.eye(z.shape[1], dtype=f.dtype)
    weight = torch.linalg.solve(gram, z[::2].T @ (targets[::2] - centre).to(z.dtype))
    return ((z[1::2] @ weight + centre).argmax(1) == y[1::2]).double().mean().item()


@mutant("probe_layers", "turn them to float64 before you compute with them")
def targets_alone_in_double(model, x, y, layers):
    _demand_probe(model, x, y, layers)
    scores = {}
    for name, f in _outputs(model, x, layers, _pooled).items():
        targets = nn.functional.one_hot(y).double()
        std = f[::2].std(dim=0, correction=0)
        z = (f - f[::2].mean(0)) / torch.where(std == 0, 1.0, std)
        gram = z[::2].T @ z[::2] + torch.eye(z.shape[1], dtype=z.dtype)
        centre = targets[::2].mean(0)
        weight = torch.linalg.solve(gram, z[::2].T @ (targets[::2] - centre))
        scores[name] = ((z[1::2] @ weight + centre).argmax(1) == y[1::2]).double().mean().item()
    return scores


@mutant("probe_layers", "A hook that is made in a loop sees the last name")
def hooks_know_the_last_name(model, x, y, layers):
    _demand_probe(model, x, y, layers)
    found, handles, modes = {}, [], [(m, m.training) for m in model.modules()]
    for name in layers:

        def hook(module, given, out):
            found[name] = _pooled(out).double()  # noqa: B023

        handles.append(model.get_submodule(name).register_forward_hook(hook))
    with torch.no_grad():
        model.eval()(x)
    for handle in handles:
        handle.remove()
    for module, mode in modes:
        module.training = mode
    return {name: _by_solving(f, y) for name, f in found.items()}


@mutant("probe_layers", "After an unknown name hooks are left in the model")
def hooks_first_and_names_afterwards(model, x, y, layers):
    handles = []
    for name in layers:
        try:
            layer = model.get_submodule(name)
        except AttributeError:
            raise ValueError(f"no layer {name!r}") from None
        handles.append(layer.register_forward_hook(lambda *given: None))
    for handle in handles:
        handle.remove()
    return normal_equations_in_numpy(model, x, y, layers)


@mutant("probe_layers", "it is 0.5")
def one_half_for_all(model, x, y, layers):
    _demand_probe(model, x, y, layers)
    return dict.fromkeys(layers, 0.5)


# sample_size_curve -------------------------------------------------------------------------------


def _demand_all(strategies, sizes, seeds):
    for name, given in [("strategies", strategies), ("sizes", sizes), ("seeds", seeds)]:
        if len(given) == 0:
            raise ValueError(f"{name} must not be empty")


@alternative("sample_size_curve")
def fills_an_array(strategies, sizes, seeds):
    _demand_all(strategies, sizes, seeds)
    curve = np.zeros((len(strategies), len(sizes), len(seeds)))
    for s, n, k in np.ndindex(curve.shape):
        curve[s, n, k] = strategies[s](int(sizes[n]), int(seeds[k]))
    return curve


@alternative("sample_size_curve")
def reshapes_a_list(strategies, sizes, seeds):
    _demand_all(strategies, sizes, seeds)
    runs = itertools.product(strategies, map(int, sizes), map(int, seeds))
    flat = [strategy(size, seed) for strategy, size, seed in runs]
    return np.array(flat, dtype=float).reshape(len(strategies), len(sizes), -1)


@alternative("sample_size_curve")
def seeds_outside(strategies, sizes, seeds):
    """Another order of runs, so that a first look at all strategies comes early."""
    _demand_all(strategies, sizes, seeds)
    layers = []
    for seed in seeds:
        layers.append([[s(int(n), int(seed)) for n in sizes] for s in strategies])
    return np.stack(layers, axis=-1).astype(np.float64)


@mutant("sample_size_curve", "it returned None")
def prints_at_best(strategies, sizes, seeds):
    for strategy in strategies:
        for size in sizes:
            for seed in seeds:
                strategy(int(size), int(seed))


@mutant("sample_size_curve", "Sizes and seeds are exchanged in the result")
def sizes_innermost(strategies, sizes, seeds):
    return np.array([[[s(int(n), int(k)) for n in sizes] for k in seeds] for s in strategies])


@mutant("sample_size_curve", "give the strategies plain ints")
def numbers_as_they_come(strategies, sizes, seeds):
    rows = [[[s(n, k) for k in seeds] for n in sizes] for s in strategies]
    return np.array(rows)


@mutant("sample_size_curve", "it returned a list, but the result is a NumPy array")
def lists_in_lists(strategies, sizes, seeds):
    return [[[s(int(n), int(k)) for k in seeds] for n in sizes] for s in strategies]


@mutant("sample_size_curve", "ask for len(sizes) == 0")
def asks_whether_it_is_not(strategies, sizes, seeds):
    if not strategies or not sizes or not seeds:
        raise ValueError("strategies, sizes or seeds are empty")
    rows = [[[s(int(n), int(k)) for k in seeds] for n in sizes] for s in strategies]
    return np.array(rows, dtype=np.float64)


@mutant("sample_size_curve", "more than one for the same strategy, size and seed")
def tries_the_first_one_before(strategies, sizes, seeds):
    _demand_all(strategies, sizes, seeds)
    strategies[0](int(sizes[0]), int(seeds[0]))
    return fills_an_array(strategies, sizes, seeds)


@alternative("sample_size_curve")
def plain_numbers_first(strategies, sizes, seeds):
    sizes, seeds = (np.asarray(given).tolist() for given in (sizes, seeds))
    _demand_all(strategies, sizes, seeds)
    return np.stack([
        np.array([[strategy(size=n, seed=k) for k in seeds] for n in sizes])
        for strategy in strategies
    ])  # fmt: skip
