// A set as rules ask it: what its lists say, and over that what was added and removed at run time.
// What is added is in, whatever the lists say; what is removed is as if no list had it.
//
// A value of two shared pointers: a worker's snapshot has one for each set. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sets/live_overlay.h"
#include "sets/number_ranges.h"
#include "sets/set_contents.h"

namespace weir {

// For explain: whether it is in the set, and what says so.
struct SetAnswer {
  bool is_in = false;
  std::string item;                // "": nothing in the set is about it
  SourceLocation location;         // of the item in its list; no file: it is in none
  std::optional<LiveItem> change;  // that added it, or that took it out
};

class SetView {
 public:
  // REQUIRES: `contents` is not null; `live` may be.
  explicit SetView(std::shared_ptr<const SetContents> contents,
                   std::shared_ptr<const LiveOverlay> live = nullptr);

  [[nodiscard]] bool contains(const Address& address) const;
  [[nodiscard]] bool contains(std::string_view host) const;
  [[nodiscard]] SetAnswer explain(const Address& address) const;
  [[nodiscard]] SetAnswer explain(std::string_view host) const;

  [[nodiscard]] const SetContents& contents() const { return *contents_; }
  [[nodiscard]] const LiveOverlay* live() const { return live_.get(); }  // null: nothing

 private:
  [[nodiscard]] bool is_removed(const PrefixMatch& match) const;
  [[nodiscard]] bool is_removed(const NameMatch& match) const;

  std::shared_ptr<const SetContents> contents_;
  std::shared_ptr<const LiveOverlay> live_;
};

// The fewest ranges that make up a view's addresses of a family: they neither overlap nor touch,
// and come in order. Reads the tables as it goes, so that a million prefixes can be sent on in
// pieces. The view outlives it.
class SetRanges {
 public:
  SetRanges(const SetView& view, Family family);
  [[nodiscard]] std::optional<AddressRange> next();

 private:
  struct KeyTable {
    KeyTable(const PrefixTable& of, Family family);
    const PrefixTable* table;
    std::size_t at;
    std::size_t end;
  };
  [[nodiscard]] std::optional<Prefix> peek_list();
  [[nodiscard]] std::optional<Prefix> take();

  const LiveOverlay* live_;
  KeyTable list_;
  std::optional<KeyTable> added_;
  std::optional<Prefix> ahead_;  // the first that did not join the range before
};

}  // namespace weir
