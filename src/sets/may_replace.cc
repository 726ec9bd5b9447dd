#include "sets/may_replace.h"

#include <string>

namespace weir {

Result<> may_replace(const SetSettings& set, std::size_t now, std::size_t later) {
  const std::size_t half = now - now / 2;
  if (set.may_shrink == MayShrink::yes || later >= half) {
    return Ok{};
  }
  return Error(set.title() + " would shrink from " + std::to_string(now) + " items to " +
                   std::to_string(later) + ", under half of them: 'may-shrink = yes'" +
                   (set.name.empty() ? " in a [set NAME] of it" : "") + " allows that",
               set.location);
}

}  // namespace weir
