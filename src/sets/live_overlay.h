// What is added to a set and removed from it at run time, as workers look it up.
//
// Made by LiveItems, then immutable: std::shared_ptr<const LiveOverlay>, any thread reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/prefix.h"
#include "sets/name.h"
#include "sets/name_table.h"
#include "sets/prefix_table.h"
#include "weir/units.h"

namespace weir {

struct LiveItem {
  enum class Kind : std::uint8_t { added, removed };
  using Item = std::variant<Prefix, Name>;

  Item item;
  Kind kind = Kind::added;
  std::uint32_t uid = 0;         // of the user who asked for it
  std::optional<Instant> until;  // nothing: the next restart
  [[nodiscard]] std::string written() const;
  [[nodiscard]] std::string done_by() const;  // "added by uid 0"
  friend bool operator==(const LiveItem&, const LiveItem&) = default;
};

struct LiveOverlay {
  explicit LiveOverlay(std::vector<LiveItem> items);

  // An item's origin in these tables is its place in `items`.
  std::vector<LiveItem> items;
  PrefixTable added;
  PrefixTable removed;
  NameTable added_names;
  NameTable removed_names;
};

// Whether both say the same of the same items, by whichever user and until when. Null: nothing is
// said.
[[nodiscard]] bool have_same_changes(const LiveOverlay* a, const LiveOverlay* b);

}  // namespace weir
