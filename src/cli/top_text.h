// What `weir top` shows, as lines for the terminal: two looks at the gateway become rates. Pure;
// any thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/screen_table.h"
#include "cli/top_view.h"
#include "weir/result.h"

namespace weir {

// The API's answers at one moment.
struct TopSample {
  std::string status;
  std::string upstreams;
  std::string top_talkers;
};

struct Screen {
  std::size_t width = 80;
  std::size_t height = 24;
};

// At most `height` lines of at most `width` characters; what does not fit is cut with a sign.
// `before` is the look before, null at first; an error says that an answer makes no sense.
[[nodiscard]] Result<std::vector<ScreenLine>> top_lines(const TopSample& sample,
                                                        const TopSample* before,
                                                        const TopView& view, Screen screen);

}  // namespace weir
