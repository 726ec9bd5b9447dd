// "did you mean": the known word that a mistyped one probably stands for. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

// The word of `known` that is fewest slips away (a letter wrong, missing, extra, or two swapped;
// case does not count); else the only one that begins like it; or "" when none is meant.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

// ", did you mean 'port'?" for the end of a sentence, or "".
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> known);

}  // namespace weir
