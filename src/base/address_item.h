// An item of a list of clients or destinations that is neither an address nor a prefix (a device, a
// set, a network that moves): a value that was parsed once, and a row of functions that alone
// understand it. The condition that has the list calls them; src/rules/README.md says how a kind of
// items is added.
//
// A row is constant and lives as long as the program. An item is immutable: copies share its value,
// and any thread may ask it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/flow_facts.h"
#include "base/prefix_list.h"
#include "weir/result.h"

namespace weir {

struct Machine;  // base/machine.h
namespace firewall {
struct ItemWords;  // firewall/item_words.h
}

// A row: one kind of item. `parsed` is always what the row's own `parse` made.
struct AddressItemType {
  using Parsed = std::shared_ptr<const void>;

  // Whether an item, without its negation, is of this kind ("mac:02:00:5e:10:00:01").
  bool (*claims)(std::string_view item) = nullptr;
  // The error says what is wrong with it.
  Result<Parsed> (*parse)(std::string_view item, FlowEnd end) = nullptr;
  // Whether the flow's end is one of these.
  Answer (*holds)(const void* parsed, FlowEnd end, const FlowFacts& facts) = nullptr;
  std::string (*text)(const void* parsed) = nullptr;  // as it is written
  // What of it has the flow's end, and where that stands ("@ads (ads.list:7: 192.0.2.0/24)"). Null:
  // `text` says enough. REQUIRES: it holds.
  std::string (*found)(const void* parsed, FlowEnd end, const FlowFacts& facts) = nullptr;
  // The same where it does not hold: what once had the end, and why it has it no longer. Null:
  // `text` says enough.
  std::string (*missed)(const void* parsed, FlowEnd end, const FlowFacts& facts) = nullptr;
  // Equal, for the report of a reload, and where one rule is compared with another.
  bool (*same)(const void* parsed, const void* other) = nullptr;
  // The same item as this machine has it now. Null, or null for one: as it is.
  Parsed (*fit)(const void* parsed, const Machine& machine) = nullptr;
  // All that it stands for, where that is a list of prefixes. Null, or no list: it is not.
  PrefixList (*list)(const void* parsed) = nullptr;
  // How a packet filter checks it, where it is no list. Null, or false: it cannot.
  bool (*lower)(const void* parsed, FlowEnd end, firewall::ItemWords& words) = nullptr;
};

class AddressItem {
 public:
  // REQUIRES: a function of the row made it.
  AddressItem(const AddressItemType& type, AddressItemType::Parsed parsed)
      : type_(&type), parsed_(std::move(parsed)) {}

  [[nodiscard]] Answer holds(FlowEnd end, const FlowFacts& facts) const {
    return type_->holds(parsed_.get(), end, facts);
  }
  [[nodiscard]] std::string text() const { return type_->text(parsed_.get()); }
  [[nodiscard]] std::string found(FlowEnd end, const FlowFacts& facts) const {
    return type_->found == nullptr ? text() : type_->found(parsed_.get(), end, facts);
  }
  [[nodiscard]] std::string missed(FlowEnd end, const FlowFacts& facts) const {
    return type_->missed == nullptr ? text() : type_->missed(parsed_.get(), end, facts);
  }
  [[nodiscard]] bool says_where() const { return type_->found != nullptr; }
  [[nodiscard]] AddressItem fitted(const Machine& machine) const {
    auto made = type_->fit == nullptr ? nullptr : type_->fit(parsed_.get(), machine);
    return made == nullptr ? *this : AddressItem(*type_, std::move(made));
  }
  // Of null: it is none.
  [[nodiscard]] PrefixList list() const {
    return type_->list == nullptr ? PrefixList{} : type_->list(parsed_.get());
  }
  // False: a packet filter cannot check it.
  [[nodiscard]] bool lower(FlowEnd end, firewall::ItemWords& words) const {
    return type_->lower != nullptr && type_->lower(parsed_.get(), end, words);
  }

  friend bool operator==(const AddressItem& a, const AddressItem& b) {
    return a.type_ == b.type_ &&
           (a.parsed_ == b.parsed_ || a.type_->same(a.parsed_.get(), b.parsed_.get()));
  }

 private:
  const AddressItemType* type_;
  AddressItemType::Parsed parsed_;
};

}  // namespace weir
