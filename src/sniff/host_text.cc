#include "sniff/host_text.h"

#include <algorithm>
#include <utility>

#include "sets/name.h"

namespace weir {

std::optional<std::string> host_of(std::string_view text) {
  if (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  if (text.size() > longest_host) {
    return std::nullopt;
  }
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lowered);
  return flaw_of_host(out).empty() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace weir
