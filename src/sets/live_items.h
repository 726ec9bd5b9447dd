// What is added to a set and removed from it at run time: by whom, and until when. Lies over the
// set's lists and outlives them: a reload reads lists anew, and what is said here still counts; a
// takeover hands it on as a list of values.
//
// A removed item of a list stays removed until its time. Items are what was said: removing
// 10.0.0.0/8 leaves a 10.1.0.0/16 that is listed by itself, and a part of a larger item cannot be
// removed. The latest word about an item counts.
//
// No I/O; the clock is the caller's. The gateway's main thread owns it; workers read the overlays
// that it makes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sets/item.h"
#include "sets/live_overlay.h"
#include "sets/set_contents.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir {

struct LiveChange {
  enum class Force : std::uint8_t { no, yes };

  std::vector<SetItem> add;
  std::vector<SetItem> remove;
  std::uint32_t uid = 0;         // of the user who asks
  std::optional<Instant> until;  // nothing: the next restart
  Force force = Force::no;       // /0 is all there is: it is added by force alone
};

class LiveItems {
 public:
  static constexpr std::size_t max = 65'536;

  LiveItems() = default;
  // As items() gave them, in this process or the one before; at most `max` count.
  explicit LiveItems(const std::vector<LiveItem>& items);

  // All of it, or nothing and every reason why not. `contents`: what the lists say.
  [[nodiscard]] std::vector<Error> change(const LiveChange& change, const SetContents& contents);
  // Forgets what is over. True: something was.
  bool expire(Instant now);
  [[nodiscard]] std::optional<Instant> next_expiry() const;

  // In the order of their names and addresses.
  [[nodiscard]] std::vector<LiveItem> items() const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  // As workers read it; the same one until something changes. Null: nothing is added or removed.
  [[nodiscard]] std::shared_ptr<const LiveOverlay> overlay() const;

 private:
  // A name or a prefix, as the key of a map.
  struct Key {
    std::string name;  // "": a prefix
    NameForm form = NameForm::exact;
    Address address;
    std::uint8_t length = 0;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static Key key_of(const LiveItem::Item& item);
  void put(const LiveItem& item);
  void erase(const Key& key);
  [[nodiscard]] bool is_removed(const LiveItem::Item& item) const;
  [[nodiscard]] std::optional<Error> why_not_removed(const LiveItem::Item& item,
                                                     const SetContents& contents) const;
  [[nodiscard]] std::optional<Error> why_part(const LiveItem::Item& item,
                                              const SetContents& contents) const;
  [[nodiscard]] const LiveItem* added_around(const LiveItem::Item& item) const;

  std::map<Key, LiveItem> entries_;
  std::set<std::pair<Instant, Key>> expiries_;
  mutable std::shared_ptr<const LiveOverlay>
      overlay_;  // of the entries as they are, once asked for
};

}  // namespace weir
