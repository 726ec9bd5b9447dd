// A list of prefixes as rules are found by it. It is filed once for all rules that have the same
// one, so that it may be long.
//
// A view of what a condition holds; any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/prefix.h"

namespace weir {

struct PrefixList {
  const void* list = nullptr;  // which one it is: the same for rules that share it; null: none
  std::size_t size = 0;        // it has no more prefixes than that
  Address first = {};          // of its first prefix
  using Visit = std::function<void(const Prefix&)>;
  void (*each)(const void* list, const Visit& visit) = nullptr;

  // One that stands in a rule. REQUIRES: it is not empty, and outlives this.
  static PrefixList of(const std::vector<Prefix>& list) {
    return {&list, list.size(), list.front().address, [](const void* all, const Visit& visit) {
              for (const Prefix& prefix : *static_cast<const std::vector<Prefix>*>(all)) {
                visit(prefix);
              }
            }};
  }
};

}  // namespace weir
