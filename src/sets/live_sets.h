// What is added to sets and removed from them at run time: the LiveItems of every set that has
// some, by the set's key. A reload goes on with them where the set is still there; a takeover hands
// them on as lists of values; a restart forgets them.
//
// No I/O; the clock is the caller's. The Gateway has one; main thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sets/live_items.h"
#include "sets/set_table.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

class LiveSets {
 public:
  // The items of one set, as they are handed on.
  struct Kept {
    std::string key;  // SetSettings::key()
    std::vector<LiveItem> items;
  };
  // So many items of a set are no longer: their time is over, or the set is gone.
  struct Left {
    std::string key;
    std::size_t count = 0;
  };

  LiveSets() = default;
  explicit LiveSets(const std::vector<Kept>& kept);

  // All of it, or nothing and every reason why not.
  [[nodiscard]] std::vector<Error> change(const LoadedSet& set, const LiveChange& change);
  // Forgets what is over.
  std::vector<Left> expire(Instant now);
  [[nodiscard]] std::optional<Instant> next_expiry() const;
  // Forgets the items of sets that the table does not have.
  std::vector<Left> keep(const SetTable& table);

  [[nodiscard]] std::vector<LiveItem> items(std::string_view key) const;
  [[nodiscard]] std::vector<Kept> all() const;
  // The table with these items over its lists; the very same one where that changes nothing. Null
  // stays null.
  [[nodiscard]] std::shared_ptr<const SetTable> over(std::shared_ptr<const SetTable> table) const;

 private:
  std::map<std::string, LiveItems, std::less<>> sets_;  // none of them empty
};

// "[set ads] is gone, and with it 2 items that were added or removed at run time".
[[nodiscard]] std::string what_is_gone(const LiveSets::Left& left);

}  // namespace weir
