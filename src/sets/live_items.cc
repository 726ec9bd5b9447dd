#include "sets/live_items.h"

#include <algorithm>

#include "sets/number_ranges.h"
#include "sets/shown.h"

namespace weir {
namespace {

template <typename Number>
void split_into(const AddressRange& range, std::vector<LiveItem::Item>& out) {
  split_range(number_of<Number>(range.first), number_of<Number>(range.last),
              [&](const Number& first, std::uint8_t length) {
                if (!is_mapped(first, length)) {
                  out.emplace_back(Prefix{address_of(first), length});
                }
              });
}

// Ranges become the prefixes that they are made of.
std::vector<LiveItem::Item> split(const std::vector<SetItem>& items) {
  std::vector<LiveItem::Item> out;
  for (const SetItem& item : items) {
    if (const auto* prefix = std::get_if<Prefix>(&item)) {
      out.emplace_back(*prefix);
    } else if (const auto* name = std::get_if<Name>(&item)) {
      out.emplace_back(*name);
    } else if (const auto& range = std::get<AddressRange>(item); range.first.is_v4()) {
      split_into<Narrow>(range, out);
    } else {
      split_into<Wide>(range, out);
    }
  }
  return out;
}

std::string written(const LiveItem::Item& item) {
  return LiveItem{.item = item, .kind = LiveItem::Kind::added, .uid = 0, .until = {}}.written();
}

bool is_everything(const LiveItem::Item& item) {
  const auto* prefix = std::get_if<Prefix>(&item);
  return prefix != nullptr && prefix->length == 0;
}

bool is_listed(const LiveItem::Item& item, const SetContents& contents) {
  const auto* name = std::get_if<Name>(&item);
  return name != nullptr ? contents.names.exact(name->text, name->form).has_value()
                         : contents.prefixes.exact(std::get<Prefix>(item)).has_value();
}

Error part_of(const LiveItem::Item& item, const std::string& larger, const std::string& where) {
  return Error(shown(written(item)) + " is part of " + shown(larger) + " (" + where +
               "): only that can be removed, and the rest of it added again");
}

// The names that have a name's hosts among theirs; the name itself in its other forms, too.
std::vector<Name> names_around(const Name& name) {
  std::vector<Name> out;
  if (name.form != NameForm::both) {
    out.push_back({name.text, NameForm::both});
  }
  for (auto dot = name.text.find('.'); dot != std::string::npos;
       dot = name.text.find('.', dot + 1)) {
    for (const NameForm form : {NameForm::below, NameForm::both}) {
      out.push_back({name.text.substr(dot + 1), form});
    }
  }
  return out;
}

}  // namespace

LiveItems::LiveItems(const std::vector<LiveItem>& items) {
  for (const LiveItem& item : items) {
    if (entries_.size() < max) {
      put(item);
    }
  }
}

LiveItems::Key LiveItems::key_of(const LiveItem::Item& item) {
  if (const auto* name = std::get_if<Name>(&item)) {
    return {name->text, name->form, {}, 0};
  }
  const auto& prefix = std::get<Prefix>(item);
  return {"", NameForm::exact, prefix.address, prefix.length};
}

void LiveItems::put(const LiveItem& item) {
  const Key key = key_of(item.item);
  erase(key);
  entries_.emplace(key, item);
  if (item.until) {
    expiries_.emplace(*item.until, key);
  }
}

void LiveItems::erase(const Key& key) {
  overlay_ = nullptr;
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return;
  }
  if (found->second.until) {
    expiries_.erase({*found->second.until, key});
  }
  entries_.erase(found);
}

bool LiveItems::is_removed(const LiveItem::Item& item) const {
  const auto found = entries_.find(key_of(item));
  return found != entries_.end() && found->second.kind == LiveItem::Kind::removed;
}

const LiveItem* LiveItems::added_around(const LiveItem::Item& item) const {
  const auto added = [&](const LiveItem::Item& larger) -> const LiveItem* {
    const auto found = entries_.find(key_of(larger));
    return found != entries_.end() && found->second.kind == LiveItem::Kind::added ? &found->second
                                                                                  : nullptr;
  };
  if (const auto* name = std::get_if<Name>(&item)) {
    for (const Name& larger : names_around(*name)) {
      if (const LiveItem* found = added(larger)) {
        return found;
      }
    }
    return nullptr;
  }
  const auto& prefix = std::get<Prefix>(item);
  for (std::uint8_t length = prefix.length; length-- > 0;) {
    if (const LiveItem* found = added(Prefix{network_of(prefix.address, length), length})) {
      return found;
    }
  }
  return nullptr;
}

std::optional<Error> LiveItems::why_part(const LiveItem::Item& item,
                                         const SetContents& contents) const {
  std::optional<SetMatch> larger;
  if (const auto* name = std::get_if<Name>(&item)) {
    const auto match = contents.names.wider(name->text, name->form, [&](const NameMatch& one) {
      return !is_removed(Name{std::string(one.name), one.form});
    });
    larger = match ? std::optional(contents.described(*match)) : std::nullopt;
  } else {
    const auto& prefix = std::get<Prefix>(item);
    const auto match = contents.prefixes.find(prefix.address, [&](const PrefixMatch& one) {
      return one.prefix.length < prefix.length && !is_removed(one.prefix);
    });
    larger = match ? std::optional(contents.described(*match)) : std::nullopt;
  }
  if (larger) {
    return part_of(item, larger->item, text_of(larger->location));
  }
  const LiveItem* added = added_around(item);
  return added != nullptr ? std::optional(part_of(item, added->written(),
                                                  "added by uid " + std::to_string(added->uid)))
                          : std::nullopt;
}

std::optional<Error> LiveItems::why_not_removed(const LiveItem::Item& item,
                                                const SetContents& contents) const {
  if (auto part = why_part(item, contents)) {
    return part;
  }
  if (entries_.contains(key_of(item)) || is_listed(item, contents)) {
    return std::nullopt;
  }
  const auto* prefix = std::get_if<Prefix>(&item);
  const bool has_parts = prefix != nullptr && contents.prefixes.intersects(*prefix);
  return Error(shown(written(item)) + " is not in the set" +
               (has_parts ? ", only parts of it are" : ""));
}

std::vector<Error> LiveItems::change(const LiveChange& change, const SetContents& contents) {
  const auto add = split(change.add);
  const auto remove = split(change.remove);
  std::vector<Error> out;
  std::set<Key> added;
  std::set<Key> all;
  for (const LiveItem::Item& item : add) {
    added.insert(key_of(item));
    if (is_everything(item) && change.force == LiveChange::Force::no) {
      out.emplace_back(shown(written(item)) + " is every address of its family: that needs force");
    }
  }
  all = added;
  for (const LiveItem::Item& item : remove) {
    all.insert(key_of(item));
    if (added.contains(key_of(item))) {
      out.emplace_back(shown(written(item)) + " cannot be added and removed at once");
    } else if (auto why = why_not_removed(item, contents)) {
      out.push_back(*std::move(why));
    }
  }
  const auto more = static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const Key& key) { return !entries_.contains(key); }));
  if (entries_.size() + more > max) {
    out.emplace_back("at most " + std::to_string(max) +
                     " items of a set can be added and removed at run time; lists have no such "
                     "limit");
  }
  if (!out.empty()) {
    return out;
  }
  for (const LiveItem::Item& item : add) {
    put({item, LiveItem::Kind::added, change.uid, change.until});
  }
  for (const LiveItem::Item& item : remove) {
    if (is_listed(item, contents) || is_removed(item)) {
      put({item, LiveItem::Kind::removed, change.uid, change.until});
    } else {
      erase(key_of(item));
    }
  }
  return out;
}

bool LiveItems::expire(Instant now) {
  bool out = false;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const Key key = expiries_.begin()->second;
    erase(key);
    out = true;
  }
  return out;
}

std::optional<Instant> LiveItems::next_expiry() const {
  return expiries_.empty() ? std::nullopt : std::optional(expiries_.begin()->first);
}

std::vector<LiveItem> LiveItems::items() const {
  std::vector<LiveItem> out;
  out.reserve(entries_.size());
  for (const auto& [key, item] : entries_) {
    out.push_back(item);
  }
  return out;
}

std::shared_ptr<const LiveOverlay> LiveItems::overlay() const {
  if (!overlay_ && !entries_.empty()) {
    overlay_ = std::make_shared<const LiveOverlay>(items());
  }
  return overlay_;
}

}  // namespace weir
