// What `weir top` shows, as lines of text: two looks at the gateway become rates. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "weir/result.h"
#include "weir/units.h"

namespace weir {

// The API's answers at one moment.
struct TopLook {
  std::string status;
  std::string upstreams;
  std::string busiest;
};

struct Screen {
  std::size_t width = 80;
  std::size_t height = 24;
};

// At most `height` lines of at most `width` characters. `before` is the look before, null at first;
// an error says that an answer makes no sense.
[[nodiscard]] Result<std::vector<std::string>> top_lines(const TopLook& look, const TopLook* before,
                                                         Screen screen);

// The text's first characters; a character of several bytes stays whole.
[[nodiscard]] std::string first_characters(const std::string& text, std::size_t count);

}  // namespace weir
