#include "gateway/looked_up_sets.h"

#include <cstring>
#include <string>
#include <utility>

#include "loop/loop.h"

namespace weir {
namespace {

using firewall::NamePair;
using firewall::PairNames;

Neighbours::Device number_of(const Mac& device) {
  Neighbours::Device out = 0;
  std::memcpy(&out, device.bytes().data(), device.bytes().size());
  return out;
}

// No flow to another link comes from one.
bool is_link_local(const Address& address) {
  constexpr std::uint8_t first = 0xfe;
  constexpr std::uint8_t second = 0x80;
  constexpr std::uint8_t two_bits = 0xc0;
  return !address.is_v4() && address.bytes()[0] == first &&
         (address.bytes()[1] & two_bits) == second;
}

// Those of the address's family with which the client may open a flow to it.
void add_pairs(std::vector<NamePair>& out, const Address& client, const Mac& device,
               const Address& address, const Neighbours* neighbours) {
  const auto others = neighbours == nullptr || device.is_zero()
                          ? std::span<const Address>()
                          : neighbours->addresses_of(number_of(device));
  std::size_t count = 0;
  if (client.family() == address.family() && !client.is_multicast()) {
    out.push_back({client, address});
    ++count;
  }
  for (const Address& other : others) {
    if (count < LookedUpSets::most_addresses && other.family() == address.family() &&
        other != client && !is_link_local(other)) {
      out.push_back({other, address});
      ++count;
    }
  }
}

}  // namespace

LookedUpSets::LookedUpSets(const LearntNames& names, UseFirewall firewall, Log& log)
    : names_(names) {
  if (firewall == UseFirewall::no) {
    return;
  }
  auto writer = firewall::NameSetWriter::open();
  if (!writer) {
    log.warning("the firewall does not decide by names that clients look up: " +
                writer.error().text());
    return;
  }
  sets_ = std::make_unique<firewall::NameSets>(
      firewall::NameSets::Source{
          .all = [this]() { return all(); },
          .names_of =
              [this](const NamePair& pair) {
                const auto known = neighbours();
                const auto device = known ? known->device_of(pair.client) : 0;
                return names_of({pair.client, Mac::from_memory(device)}, pair.address, clock_now());
              }},
      std::move(writer).value());
}

void LookedUpSets::use(std::shared_ptr<const Neighbours> neighbours) {
  const std::lock_guard locked(lock_);
  neighbours_ = std::move(neighbours);
}

std::shared_ptr<const Neighbours> LookedUpSets::neighbours() const {
  const std::lock_guard locked(lock_);
  return neighbours_;
}

PairNames LookedUpSets::names_of(const LearntNames::Client& client, const Address& address,
                                 Instant now) const {
  LearntNames::All known = names_.all_of(client, address, now);
  PairNames out{.names = {}, .are_all = known.are_all};
  for (LearntNames::Named& one : known.names) {
    const std::string& text = one.host->name;
    out.names.push_back({.text = std::shared_ptr<const std::string>(std::move(one.host), &text),
                         .until = one.until});
  }
  return out;
}

LookupGate::Learnt LookedUpSets::learnt(const Address& client, const Mac& device,
                                        std::span<const DnsAnswer::Entry> addresses, Instant now) {
  if (sets_ == nullptr || !sets_->has_rules()) {
    return {};
  }
  const auto known = neighbours();
  std::vector<NamePair> pairs;
  for (const DnsAnswer::Entry& entry : addresses) {
    add_pairs(pairs, client, device, entry.address, known.get());
  }
  const std::size_t too_many = pairs.size() > most_pairs ? pairs.size() - most_pairs : 0;
  pairs.resize(pairs.size() - too_many);
  const auto done = sets_->learnt(
      pairs,
      [&](const NamePair& pair) {
        return names_of({pair.client, device}, pair.address, now);
      },
      now);
  return {.ticket = done.ticket, .left_out = done.left_out + too_many};
}

std::vector<NamePair> LookedUpSets::all() const {
  const auto known = neighbours();
  std::vector<NamePair> out;
  names_.each(Instant{}, [&](const LearntNames::Known& one) {
    const Mac device = LearntNames::device_in(one.client);
    add_pairs(out, one.client, device, one.address, known.get());
  });
  return out;
}

}  // namespace weir
