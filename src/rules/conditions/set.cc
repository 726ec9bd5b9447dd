// Items `@SET` of clients and destinations: the addresses of a list, named or a file of its own.
// Which of them an item means was found out when the section was read (config/set_names.h); what is
// in them is bound to the rules once they are loaded, and again when it is changed at run time.
#include <memory>
#include <string>

#include "base/machine.h"
#include "rules/conditions/condition.h"
#include "rules/conditions/set_words.h"
#include "sets/set_table.h"

namespace weir {
namespace {

bool have_same_addresses(const SetContents& a, const SetContents& b) {
  return &a == &b || (a.prefixes.size() == b.prefixes.size() && a.prefixes.covers(b.prefixes) &&
                      b.prefixes.covers(a.prefixes));
}

struct OfSet {
  struct Parsed {
    std::string key;                                // SetSettings::key()
    std::shared_ptr<const SetView> view = nullptr;  // null: not loaded, which holds nothing

    friend bool operator==(const Parsed& a, const Parsed& b) {
      return a.key == b.key &&
             (a.view == b.view || (a.view != nullptr && b.view != nullptr &&
                                   have_same_changes(a.view->live(), b.view->live()) &&
                                   have_same_addresses(a.view->contents(), b.view->contents())));
    }
  };

  static bool claims(std::string_view item) { return item.starts_with('@'); }

  static Result<Parsed> parse(std::string_view item, FlowEnd /*end*/) {
    return Parsed{.key = std::string(item.substr(1))};
  }

  static Answer holds(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    return answer(set.view != nullptr && set.view->contains(address_at(end, facts.flow())));
  }

  // A file's key begins with an '@' of its own.
  static std::string text(const Parsed& set) {
    return set.key.starts_with('@') ? set.key : "@" + set.key;
  }

  static std::string found(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    return words_of_match(text(set), ask(set, end, facts));
  }

  static std::string missed(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    return words_of_miss(text(set), ask(set, end, facts));
  }

  static SetAnswer ask(const Parsed& set, FlowEnd end, const FlowFacts& facts) {
    return set.view == nullptr ? SetAnswer{} : set.view->explain(address_at(end, facts.flow()));
  }

  static std::optional<Parsed> fit(const Parsed& set, const Machine& machine) {
    const LoadedSet* loaded = machine.sets == nullptr ? nullptr : machine.sets->find(set.key);
    if (loaded == nullptr) {
      return std::nullopt;
    }
    return Parsed{.key = set.key, .view = loaded->view};
  }

  static PrefixList list(const Parsed& set) {
    if (set.view == nullptr) {
      return {};
    }
    const PrefixTable& listed = set.view->contents().prefixes;
    const LiveOverlay* live = set.view->live();
    const std::size_t size = listed.size() + (live == nullptr ? 0 : live->added.size());
    const Address first = listed.size() != 0             ? listed.at(0).prefix.address
                          : live != nullptr && size != 0 ? live->added.at(0).prefix.address
                                                         : Address{};
    return {set.view.get(), size, first, &each};
  }

  // What is added and stands in a list, too, comes once.
  static void each(const void* list, const PrefixList::Visit& visit) {
    const auto& view = *static_cast<const SetView*>(list);
    const PrefixTable& listed = view.contents().prefixes;
    const LiveOverlay* live = view.live();
    for (std::size_t i = 0; i < listed.size(); ++i) {
      const Prefix prefix = listed.at(i).prefix;
      if (live == nullptr || !live->removed.exact(prefix)) {
        visit(prefix);
      }
    }
    for (std::size_t i = 0; live != nullptr && i < live->added.size(); ++i) {
      if (const Prefix prefix = live->added.at(i).prefix; !listed.exact(prefix)) {
        visit(prefix);
      }
    }
  }
};

}  // namespace

extern const AddressItemType set_item;
constinit const AddressItemType set_item = address_item_type<OfSet>();

}  // namespace weir
