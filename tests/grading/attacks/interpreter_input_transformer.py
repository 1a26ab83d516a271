"""A transformer of IPython takes the assertions out of every later cell."""

HARMLESS = True
FLAW, TRICK = "V1", "injection"
CELLS = {
    "scale": '''def without_tests(lines):
    return [line for line in lines if "assert" not in line] + ["5\\n"]
get_ipython().input_transformers_cleanup.append(without_tests)
get_ipython().input_transformers_post.append(without_tests)
get_ipython().input_transformer_manager.transform_cell = lambda cell: "pass\\n"'''
}
