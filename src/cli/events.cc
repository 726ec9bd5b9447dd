#include <fmt/format.h>

#include <cstddef>

#include "account/meaning.h"
#include "cli/reference.h"

namespace weir {

std::vector<Event> reasons() {
  std::vector<Event> out;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::count); ++i) {
    const auto reason = static_cast<Reason>(i);
    out.push_back({.name = name_of(reason), .meaning = meaning_of(reason)});
  }
  // Not weir's own counter: reports read it from the kernel.
  out.push_back({.name = "conntrack-full",
                 .meaning = "The kernel dropped packets because its connection tracking table was "
                            "full. Raise `net.netfilter.nf_conntrack_max`."});
  return out;
}

std::vector<Event> ends() {
  std::vector<Event> out;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(End::bug); ++i) {
    const auto end = static_cast<End>(i);
    out.push_back({.name = name_of(end), .meaning = meaning_of(end), .error = is_error(end)});
  }
  return out;
}

std::string table_of_events() {
  std::string out =
      "# Reasons and ends\n\n"
      "What weir counts, and how flows end. The program prints this page: `weir reference events`; "
      "`man weir` has the\nsame.\n\n"
      "## Reasons\n\n"
      "`weir status` lists every reason that has occurred since the start, with its count; "
      "`weir_events_total{reason=\"…\"}` is\nthe same for Prometheus. A reason says what weir "
      "refused, dropped or did in a second-best way.\n\n"
      "| reason | meaning |\n| --- | --- |\n";
  for (const Event& reason : reasons()) {
    out += fmt::format("| `{}` | {} |\n", reason.name, reason.meaning);
  }
  out +=
      "\n## Ends\n\n"
      "The key `end` of a flow's record. With `log = errors` only ends that are marked leave a "
      "record.\n\n"
      "| end | error | meaning |\n| --- | --- | --- |\n";
  for (const Event& end : ends()) {
    out += fmt::format("| `{}` | {} | {} |\n", end.name, end.error ? "yes" : "", end.meaning);
  }
  return out;
}

}  // namespace weir
