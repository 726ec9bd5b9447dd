// What a fuzz target holds to be true of any input; where it is not, the fuzzer stops there.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace weir {

inline void expect(bool truth, const char* what) {
  if (!truth) {
    (void)std::fprintf(stderr, "not so: %s\n", what);
    std::abort();
  }
}

}  // namespace weir
