// The program around the tests of one folder.
#define CATCH_CONFIG_RUNNER  // Catch2 2.13: this file carries the implementation
#include "catch.h"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv); }
