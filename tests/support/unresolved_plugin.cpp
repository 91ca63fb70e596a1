// What is left of a plugin when the library it was built with has changed: a symbol that is no longer there.
extern "C" int lrpp_function_of_another_version();
extern "C" int ask() { return lrpp_function_of_another_version(); }
