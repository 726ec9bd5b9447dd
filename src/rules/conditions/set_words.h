// What rules' conditions say of sets when they explain: by which line of which list, or by whose
// change, something is in a set, or is out. No state; any thread.
#pragma once

#include <string>

#include "base/moment_text.h"
#include "sets/set_view.h"

namespace weir {

[[nodiscard]] inline std::string words_of_change(const LiveItem& item) {
  return item.done_by() + (item.until ? " until " + local_moment(*item.until) : "");
}

// Of what is in the set, "@ads" as rules write it: "@ads (ads.list:7: 192.0.2.0/24)".
[[nodiscard]] inline std::string words_of_match(const std::string& set, const SetAnswer& answer) {
  if (answer.item.empty()) {
    return set;
  }
  const std::string where =
      answer.change ? words_of_change(*answer.change) : text_of(answer.location);
  return set + " (" + where + ": " + answer.item + ")";
}

// Of what is not, or no longer: "@ads (removed by uid 0: ads.list:7: 192.0.2.0/24)".
[[nodiscard]] inline std::string words_of_miss(const std::string& set, const SetAnswer& answer) {
  return answer.change ? set + " (" + words_of_change(*answer.change) + ": " +
                             text_of(answer.location) + ": " + answer.item + ")"
                       : set;
}

}  // namespace weir
