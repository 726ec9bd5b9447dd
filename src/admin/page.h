// The page at /: what a browser shows of the gateway. The tables and charts are made here,
// complete, so that they need no JavaScript; page.html around them has the style and the few lines
// of script that fetch the page anew and exchange its main part.
//
// Names come from strangers and from configurations: everything that is not ours is escaped.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/control.h"
#include "admin/history.h"

namespace weir {

inline constexpr std::string_view page_type = "text/html; charset=utf-8";
// Nothing from elsewhere, and only the page's own script may talk to this gateway.
inline constexpr std::string_view page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

struct PageFigures {
  StatusReport status;
  std::vector<RuleReport> rules;
  std::vector<UpstreamReport> upstreams;
  const TopTalkers& top_talkers;
  const History& history;
  History::Window window = History::Window::minutes;  // of the charts
};

[[nodiscard]] std::string page(const PageFigures& figures);

}  // namespace weir
