// Items `@SET` of clients and destinations: the addresses of a list, named or a file of its own.
// Which of them an item means was found out when the section was read (config/set_names.h); what is
// in them is bound to the rules once they are loaded.
#include <memory>
#include <string>

#include "base/machine.h"
#include "rules/conditions/condition.h"
#include "sets/set_table.h"

namespace weir {
namespace {

// Longer ones are asked and not filed, and the packet filter does without them: a copy of each
// prefix would be more than the set itself.
constexpr std::size_t longest_list = 65'536;

bool have_same_addresses(const SetContents& a, const SetContents& b) {
  return a.prefixes.size() == b.prefixes.size() && a.prefixes.covers(b.prefixes) &&
         b.prefixes.covers(a.prefixes);
}

struct OfSet {
  struct Parsed {
    std::string key;                                        // SetSettings::key()
    std::shared_ptr<const SetContents> contents = nullptr;  // null: not loaded, which holds nothing

    friend bool operator==(const Parsed& a, const Parsed& b) {
      return a.key == b.key &&
             (a.contents == b.contents || (a.contents != nullptr && b.contents != nullptr &&
                                           have_same_addresses(*a.contents, *b.contents)));
    }
  };

  static bool claims(std::string_view item) { return item.starts_with('@'); }

  static Result<Parsed> parse(std::string_view item, FlowEnd /*end*/) {
    return Parsed{.key = std::string(item.substr(1))};
  }

  static Answer holds(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    return answer(set.contents != nullptr && set.contents->contains(address_at(end, facts.flow())));
  }

  // A file's key begins with an '@' of its own.
  static std::string text(const Parsed& set) {
    return set.key.starts_with('@') ? set.key : "@" + set.key;
  }

  static std::string found(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    const auto match = set.contents == nullptr
                           ? std::nullopt
                           : set.contents->prefixes.find(address_at(end, facts.flow()));
    if (!match) {
      return text(set);
    }
    const auto [item, location] = set.contents->described(*match);
    return text(set) + " (" + text_of(location) + ": " + item + ")";
  }

  static std::optional<Parsed> fit(const Parsed& set, const Machine& machine) {
    const LoadedSet* loaded = machine.sets == nullptr ? nullptr : machine.sets->find(set.key);
    if (loaded == nullptr) {
      return std::nullopt;
    }
    return Parsed{.key = set.key, .contents = loaded->contents};
  }

  static PrefixList list(const Parsed& set) {
    if (set.contents == nullptr) {
      return {};
    }
    const PrefixTable& all = set.contents->prefixes;
    if (all.size() == 0 || all.size() > longest_list) {
      return {};
    }
    return {&all, all.size(), all.at(0).prefix.address,
            [](const void* list, const PrefixList::Visit& visit) {
              const auto& table = *static_cast<const PrefixTable*>(list);
              for (std::size_t i = 0; i < table.size(); ++i) {
                visit(table.at(i).prefix);
              }
            }};
  }
};

}  // namespace

extern const AddressItemType set_item;
constinit const AddressItemType set_item = address_item_type<OfSet>();

}  // namespace weir
