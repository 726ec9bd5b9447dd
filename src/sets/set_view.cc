#include "sets/set_view.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir {
namespace {

// In one number for both families, as Address keeps them.
Wide first_in_bytes(const Prefix& prefix) { return wide(prefix.address); }

Wide last_in_bytes(const Prefix& prefix) {
  constexpr unsigned before_v4 = 96;
  return last_of(first_in_bytes(prefix), prefix.length + (prefix.address.is_v4() ? before_v4 : 0));
}

SetAnswer changed(bool is_in, const LiveItem& item) {
  SetAnswer out;
  out.is_in = is_in;
  out.item = item.written();
  out.change = item;
  return out;
}

SetAnswer listed(bool is_in, const SetMatch& match) {
  SetAnswer out;
  out.is_in = is_in;
  out.item = match.item;
  out.location = match.location;
  return out;
}

}  // namespace

SetView::SetView(std::shared_ptr<const SetContents> contents,
                 std::shared_ptr<const LiveOverlay> live)
    : contents_(std::move(contents)), live_(std::move(live)) {
  assert(contents_);
}

bool SetView::is_removed(const PrefixMatch& match) const {
  return live_->removed.exact(match.prefix).has_value();
}

bool SetView::is_removed(const NameMatch& match) const {
  return live_->removed_names.exact(match.name, match.form).has_value();
}

bool SetView::contains(const Address& address) const {
  if (!live_) {
    return contents_->contains(address);
  }
  return live_->added.contains(address) ||
         contents_->prefixes.find(address,
                                  [&](const PrefixMatch& match) { return !is_removed(match); });
}

bool SetView::contains(std::string_view host) const {
  if (!live_) {
    return contents_->contains(host);
  }
  return live_->added_names.find(host) ||
         contents_->find_name(host, [&](const NameMatch& match) { return !is_removed(match); });
}

SetAnswer SetView::explain(const Address& address) const {
  if (live_) {
    if (const auto added = live_->added.find(address)) {
      return changed(true, live_->items[added->origin.number]);
    }
  }
  const auto match = contents_->prefixes.find(
      address, [&](const PrefixMatch& one) { return !live_ || !is_removed(one); });
  if (match) {
    return listed(true, contents_->described(*match));
  }
  const auto removed = contents_->prefixes.find(address);
  if (!removed) {
    return {};
  }
  SetAnswer out = listed(false, contents_->described(*removed));
  out.change = live_->items[live_->removed.exact(removed->prefix)->origin.number];
  return out;
}

SetAnswer SetView::explain(std::string_view host) const {
  if (live_) {
    if (const auto added = live_->added_names.find(host)) {
      return changed(true, live_->items[added->origin.number]);
    }
  }
  const auto kept = [&](const NameMatch& one) { return !live_ || !is_removed(one); };
  if (const auto match = contents_->find_name(host, kept)) {
    return listed(true, contents_->described(*match));
  }
  if (contents_->names.find(host, kept)) {
    return listed(false, contents_->described(*contents_->exceptions.find(host)));
  }
  const auto removed = contents_->names.find(host);
  if (!removed) {
    return {};
  }
  SetAnswer out = listed(false, contents_->described(*removed));
  out.change =
      live_->items[live_->removed_names.exact(removed->name, removed->form)->origin.number];
  return out;
}

SetRanges::KeyTable::KeyTable(const PrefixTable& of, Family family)
    : table(&of), at(0), end(of.size()) {
  // IPv4 comes first.
  std::size_t first_v6 = 0;
  for (std::size_t after = of.size(); first_v6 < after;) {
    const std::size_t middle = first_v6 + (after - first_v6) / 2;
    if (of.at(middle).prefix.address.is_v4()) {
      first_v6 = middle + 1;
    } else {
      after = middle;
    }
  }
  (family == Family::v4 ? end : at) = first_v6;
}

SetRanges::SetRanges(const SetView& view, Family family)
    : live_(view.live()), list_(view.contents().prefixes, family) {
  if (live_ != nullptr) {
    added_.emplace(live_->added, family);
  }
}

std::optional<Prefix> SetRanges::peek_list() {
  for (; list_.at < list_.end; ++list_.at) {
    const Prefix prefix = list_.table->at(list_.at).prefix;
    if (live_ == nullptr || !live_->removed.exact(prefix)) {
      return prefix;
    }
  }
  return std::nullopt;
}

std::optional<Prefix> SetRanges::take() {
  const auto listed_one = peek_list();
  const bool has_added = added_ && added_->at < added_->end;
  if (!has_added) {
    list_.at += listed_one ? 1 : 0;
    return listed_one;
  }
  const Prefix added_one = added_->table->at(added_->at).prefix;
  if (listed_one && listed_one->address <= added_one.address) {
    ++list_.at;
    return listed_one;
  }
  ++added_->at;
  return added_one;
}

std::optional<AddressRange> SetRanges::next() {
  auto prefix = ahead_ ? std::exchange(ahead_, std::nullopt) : take();
  if (!prefix) {
    return std::nullopt;
  }
  const Wide first = first_in_bytes(*prefix);
  Wide last = last_in_bytes(*prefix);
  for (prefix = take(); prefix; prefix = take()) {
    const Wide begin = first_in_bytes(*prefix);
    if (last < begin && begin != number_after(last)) {
      ahead_ = prefix;
      break;
    }
    last = std::max(last, last_in_bytes(*prefix));
  }
  return AddressRange{address_of(first), address_of(last)};
}

}  // namespace weir
