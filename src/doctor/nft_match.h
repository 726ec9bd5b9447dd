// What one match of nft's JSON (libnftables-json(5), expressions) compares, and how. Pure; any
// thread.
#pragma once

#include <functional>
#include <vector>

#include "doctor/filter.h"
#include "doctor/nft_json.h"

namespace weir::doctor {

// One element of what a match compares with: a value, a range, a prefix, values side by side.
using Comparison = std::function<Answer(const Probe&, const Json& element)>;

// What `left` is about. Whatever is not understood answers `unknown` to every element.
[[nodiscard]] Comparison comparison_of(const Json& left);

// A match of `left` with any of the elements. `operation` as nft has it: "==", "in", "<", …
[[nodiscard]] Condition condition_of(const Json& left, const std::string& operation,
                                     std::vector<Json> elements);

}  // namespace weir::doctor
