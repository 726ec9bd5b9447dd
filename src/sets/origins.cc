#include "sets/origins.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

namespace weir {
namespace {

// Lists that are longer than the numbers go share the last one.
std::uint32_t sum(std::uint32_t a, std::uint32_t b) {
  constexpr auto max = std::numeric_limits<std::uint32_t>::max();
  return b > max - a ? max : a + b;
}

}  // namespace

void Origins::begin(std::string file) {
  const std::uint32_t first = sources_.empty() ? 0 : sum(last_, 1);
  sources_.push_back({std::move(file), first});
  last_ = first;
}

Origin Origins::of_line(std::uint32_t line) {
  assert(!sources_.empty() && "a file has begun");
  const Origin out{sum(sources_.back().first, line)};
  last_ = std::max(last_, out.number);
  return out;
}

SourceLocation Origins::location(Origin origin) const {
  const auto after = std::upper_bound(
      sources_.begin(), sources_.end(), origin.number,
      [](std::uint32_t number, const Source& source) { return number < source.first; });
  if (after == sources_.begin()) {
    return {};
  }
  const Source& source = *std::prev(after);
  constexpr std::uint32_t max = std::numeric_limits<int>::max();
  return {source.file, static_cast<int>(std::min(origin.number - source.first, max))};
}

std::size_t Origins::bytes() const {
  std::size_t out = sources_.capacity() * sizeof(Source);
  for (const Source& source : sources_) {
    out += source.file.capacity();
  }
  return out;
}

}  // namespace weir
