#include "sets/prefix_table.h"

#include <cassert>
#include <tuple>
#include <utility>

namespace weir {
namespace {

template <typename KeyTable, typename Index>
PrefixMatch match_of(const KeyTable& rows, Index index) {
  const auto& row = rows[index];
  return {{address_of(row.first), static_cast<std::uint8_t>(row.length())}, row.origin, index};
}

template <typename KeyTable>
std::optional<PrefixMatch> optional_match(const KeyTable& rows, typename KeyTable::Index index) {
  return index == KeyTable::none ? std::nullopt : std::optional(match_of(rows, index));
}

template <typename Number>
Number first_number(const Prefix& prefix) {
  return number_of<Number>(prefix.address);
}

template <typename Number>
Number last_number(const Prefix& prefix) {
  return last_of(number_of<Number>(prefix.address), prefix.length);
}

template <typename Number>
bool covers_all(const PrefixRows<Number>& rows, const PrefixRows<Number>& of) {
  std::uint32_t position = 0;
  while (const auto interval = of.next_interval(position)) {
    if (!rows.covers(interval->first, interval->last)) {
      return false;
    }
  }
  return true;
}

template <typename Number>
bool intersects_any(const PrefixRows<Number>& a, const PrefixRows<Number>& b) {
  const auto& [fewer, more] = a.size() < b.size() ? std::tie(a, b) : std::tie(b, a);
  std::uint32_t position = 0;
  while (const auto interval = fewer.next_interval(position)) {
    if (more.intersects(interval->first, interval->last)) {
      return true;
    }
  }
  return false;
}

template <typename Number>
std::optional<AddressRange> range_of(const PrefixRows<Number>& rows, std::uint32_t& position) {
  const auto interval = rows.next_interval(position);
  return interval
             ? std::optional(AddressRange{address_of(interval->first), address_of(interval->last)})
             : std::nullopt;
}

template <typename Number>
bool add_split(PrefixRows<Number>& rows, const AddressRange& range, Origin origin) {
  bool had_room = true;
  split_range(number_of<Number>(range.first), number_of<Number>(range.last),
              [&](const Number& first, std::uint8_t length) {
                if (!is_mapped(first, length)) {
                  had_room = rows.add(first, length, origin) && had_room;
                }
              });
  return had_room;
}

}  // namespace

PrefixTable::PrefixTable(NarrowRows narrow, WideRows wide)
    : narrow_(std::move(narrow)), wide_(std::move(wide)) {}

PrefixMatch PrefixTable::at(std::size_t index) const {
  assert(index < size());
  return index < narrow_.size()
             ? match_of(narrow_, static_cast<std::uint32_t>(index))
             : match_of(wide_, static_cast<std::uint32_t>(index - narrow_.size()));
}

bool PrefixTable::contains(const Address& address) const {
  return address.is_v4() ? narrow_.find(narrow(address)) != NarrowRows::none
                         : wide_.find(wide(address)) != WideRows::none;
}

std::optional<PrefixMatch> PrefixTable::find(const Address& address) const {
  return address.is_v4() ? optional_match(narrow_, narrow_.find(narrow(address)))
                         : optional_match(wide_, wide_.find(wide(address)));
}

std::optional<PrefixMatch> PrefixTable::wider(const PrefixMatch& match) const {
  return match.prefix.address.is_v4() ? optional_match(narrow_, narrow_[match.row].wider())
                                      : optional_match(wide_, wide_[match.row].wider());
}

std::optional<PrefixMatch> PrefixTable::exact(const Prefix& prefix) const {
  return prefix.address.is_v4()
             ? optional_match(narrow_, narrow_.exact(first_number<Narrow>(prefix), prefix.length))
             : optional_match(wide_, wide_.exact(first_number<Wide>(prefix), prefix.length));
}

bool PrefixTable::covers(const Prefix& prefix) const {
  return prefix.address.is_v4()
             ? narrow_.covers(first_number<Narrow>(prefix), last_number<Narrow>(prefix))
             : wide_.covers(first_number<Wide>(prefix), last_number<Wide>(prefix));
}

bool PrefixTable::covers(const PrefixTable& other) const {
  return covers_all(narrow_, other.narrow_) && covers_all(wide_, other.wide_);
}

bool PrefixTable::intersects(const Prefix& prefix) const {
  return prefix.address.is_v4()
             ? narrow_.intersects(first_number<Narrow>(prefix), last_number<Narrow>(prefix))
             : wide_.intersects(first_number<Wide>(prefix), last_number<Wide>(prefix));
}

bool PrefixTable::intersects(const PrefixTable& other) const {
  return intersects_any(narrow_, other.narrow_) || intersects_any(wide_, other.wide_);
}

std::optional<AddressRange> PrefixTable::next_range(Family family, std::uint32_t& position) const {
  return family == Family::v4 ? range_of(narrow_, position) : range_of(wide_, position);
}

bool PrefixTableBuilder::add(const Prefix& prefix, Origin origin) {
  return prefix.address.is_v4() ? narrow_.add(first_number<Narrow>(prefix), prefix.length, origin)
                                : wide_.add(first_number<Wide>(prefix), prefix.length, origin);
}

bool PrefixTableBuilder::add(const AddressRange& range, Origin origin) {
  return range.first.is_v4() ? add_split(narrow_, range, origin) : add_split(wide_, range, origin);
}

PrefixTable PrefixTableBuilder::build() && {
  narrow_.finish();
  wide_.finish();
  return {std::move(narrow_), std::move(wide_)};
}

}  // namespace weir
