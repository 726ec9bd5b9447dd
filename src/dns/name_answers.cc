#include "dns/name_answers.h"

#include <algorithm>
#include <span>
#include <utility>

namespace weir {
namespace {

// Asking more often than this is of no use, whatever the bounds say.
constexpr Milliseconds shortest_pause{100};
constexpr Milliseconds longest_pause_after_failure{60'000};

std::string list_of(std::span<const Address> addresses) {
  constexpr std::size_t shown = 8;
  std::string out;
  for (std::size_t i = 0; i < addresses.size() && i < shown; ++i) {
    out += (i == 0 ? "" : ", ") + addresses[i].text();
  }
  if (addresses.size() > shown) {
    out += " and " + std::to_string(addresses.size() - shown) + " more";
  }
  return out;
}

std::vector<Address> members(const AddressSet& set) {
  std::vector<Address> out;
  for (std::size_t i = 0; i < set.size(); ++i) {
    out.push_back(set[i]);
  }
  return out;
}

// Sorted, so that a server that rotates its answers does not look like one that changes them.
std::vector<Address> usable(std::vector<Address> addresses, std::vector<Address>& refused) {
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  const auto bad = std::stable_partition(addresses.begin(), addresses.end(), can_be_server);
  refused.insert(refused.end(), bad, addresses.end());
  addresses.erase(bad, addresses.end());
  return addresses;
}

}  // namespace

bool can_be_server(const Address& address) {
  if (address.is_unspecified() || address.is_multicast()) {
    return false;
  }
  const auto& bytes = address.bytes();
  if (address.is_v4()) {
    constexpr std::uint32_t broadcast = 0xffffffff;
    return bytes[12] != 0 && address != Address::v4(broadcast);
  }
  return !(bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80);
}

Milliseconds pause_after_answer(std::chrono::seconds ttl, const RefreshBounds& bounds) {
  constexpr std::chrono::seconds too_long{std::int64_t{1} << 31U};
  const auto meant =
      ttl < std::chrono::seconds(0) || ttl >= too_long ? Milliseconds(0) : Milliseconds(ttl);
  const auto min = std::max(bounds.min_ttl, shortest_pause);
  return std::clamp(meant, min, std::max(min, bounds.max_ttl));
}

Milliseconds pause_after_failures(int failures, const RefreshBounds& bounds) {
  const auto min = std::max(bounds.min_ttl, shortest_pause);
  const auto max = std::max(min, std::min(bounds.max_ttl, longest_pause_after_failure));
  auto pause = min;
  for (int i = 1; i < failures && pause < max; ++i) {
    pause *= 2;
  }
  return std::min(pause, max);
}

AddressSet select_addresses(const std::vector<Address>& four, const std::vector<Address>& six) {
  constexpr auto capacity = AddressSet::capacity;
  const auto fours =
      std::min(four.size(), std::max(capacity / 2, capacity - std::min(capacity, six.size())));
  const auto sixes = std::min(six.size(), capacity - fours);
  AddressSet out;
  std::for_each_n(four.begin(), fours, [&](const Address& address) { out.add(address); });
  std::for_each_n(six.begin(), sixes, [&](const Address& address) { out.add(address); });
  return out;
}

NameAnswers::NameAnswers(KnownName known)
    : name_(std::move(known.name)),
      state_(State::good),
      due_(known.due),
      refreshed_(known.refreshed),
      four_(std::move(known.four)),
      six_(std::move(known.six)),
      published_(select_addresses(four_, six_)) {}

NameAnswers::News NameAnswers::answered(const FamilyAnswer& four, const FamilyAnswer& six,
                                        Instant now, const RefreshBounds& bounds) {
  using Outcome = FamilyAnswer::Outcome;
  News news;
  std::vector<Address> refused;
  const auto new_four = usable(four.addresses, refused);
  const auto new_six = usable(six.addresses, refused);
  warn_of_oddities(refused, news);
  if (new_four.empty() && new_six.empty()) {
    const auto& failed = four.outcome == Outcome::failed ? four : six;
    fail(refused.empty() ? failed.error : "none of its addresses can be a server's", now, bounds,
         news);
    return news;
  }
  // A family that failed keeps what it had; one that has no addresses any more loses them.
  if (four.outcome != Outcome::failed) {
    four_ = new_four;
  }
  if (six.outcome != Outcome::failed) {
    six_ = new_six;
  }
  publish(news);
  if (four.outcome == Outcome::failed || six.outcome == Outcome::failed) {
    const bool is_four = four.outcome == Outcome::failed;
    fail((is_four ? four.error + " for its IPv4" : six.error + " for its IPv6") + " addresses", now,
         bounds, news);
    return news;
  }
  auto ttl = std::chrono::seconds::max();
  for (const auto* answer : {&four, &six}) {
    if (answer->outcome == Outcome::addresses) {
      ttl = std::min(ttl, answer->ttl);
    }
  }
  if (state_ == State::failing) {
    news.infos.push_back(name_ + " resolves again");
  }
  state_ = State::good;
  failures_ = 0;
  refreshed_ = now;
  due_ = now + pause_after_answer(ttl, bounds);
  return news;
}

void NameAnswers::publish(News& news) {
  const auto chosen = select_addresses(four_, six_);
  const auto before = members(published_);
  const auto after = members(chosen);
  if (before == after) {
    return;
  }
  published_ = chosen;
  news.publish = chosen;
  news.infos.push_back(before.empty()
                           ? name_ + " is " + list_of(after)
                           : name_ + " is now " + list_of(after) + "; was " + list_of(before));
  if (const auto known = four_.size() + six_.size(); known > after.size()) {
    news.warnings.push_back(name_ + " has " + std::to_string(known) + " addresses; weir uses " +
                            std::to_string(after.size()) + " of them");
  }
  if (std::any_of(after.begin(), after.end(),
                  [](const Address& address) { return address.is_loopback(); })) {
    news.warnings.push_back(
        name_ + " is this router itself (" + list_of(after) +
        "): fine for a service that runs here; otherwise a filtering resolver may have answered");
  }
}

void NameAnswers::warn_of_oddities(const std::vector<Address>& refused, News& news) {
  if (refused != refused_) {
    refused_ = refused;
    if (!refused.empty()) {
      news.warnings.push_back(
          name_ + " has addresses that no server can have, ignored: " + list_of(refused));
    }
  }
}

void NameAnswers::fail(const std::string& why, Instant now, const RefreshBounds& bounds,
                       News& news) {
  ++failures_;
  due_ = now + pause_after_failures(failures_, bounds);
  if (std::exchange(state_, State::failing) == State::failing) {
    return;
  }
  news.warnings.push_back(
      "cannot resolve " + name_ + ": " + why +
      (published_.size() == 0 ? "; it has no address yet" : "; its last good addresses stay"));
}

}  // namespace weir
