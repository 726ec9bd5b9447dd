#include "flow/learnt_names.h"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace weir {
namespace {

// A multicast address: no client has one.
Address as_client(const Mac& device) {
  in6_addr out{};
  out.s6_addr[0] = 0xff;
  const Mac::Bytes& bytes = device.bytes();
  std::copy(bytes.begin(), bytes.end(), std::end(out.s6_addr) - bytes.size());
  return Address::v6(out);
}

}  // namespace

std::size_t LearntNames::learn(const Client& client, const DnsAnswer& answer, Instant now) {
  if (answer.addresses.empty()) {
    return 0;
  }
  const auto host = std::make_shared<const Host>(
      Host{.name = answer.name, .from = HostFrom::dns, .is_outer = false});
  const Address key = client.device.is_zero() ? client.address : as_client(client.device);
  Part& part = part_of(key);
  const std::lock_guard locked(part.lock);
  std::size_t forgotten = 0;
  for (const DnsAnswer::Entry& entry : answer.addresses) {
    const auto kept = std::clamp(std::chrono::seconds(entry.ttl), shortest, longest);
    forgotten += put(
        part,
        {.client = key, .address = entry.address, .host = host, .learnt = now, .until = now + kept},
        now);
  }
  return forgotten;
}

std::size_t LearntNames::put(Part& part, const Known& known, Instant now) {
  OfClient& client = part.clients[known.client];
  const auto before = client.names.find(known.address);
  if (before != client.names.end()) {
    const Order::iterator entry = before->second;
    add(*entry, known, now);
    part.order.splice(part.order.end(), part.order, entry);
    client.order.splice(client.order.end(), client.order, entry->of_client);
    return 0;
  }
  const auto entry = part.order.insert(part.order.end(), Entry{.known = known});
  entry->of_client = client.order.insert(client.order.end(), entry);
  client.names.emplace(known.address, entry);
  return make_room(part, client, now);
}

// Among those of one address: the one that was learnt last is the entry's own.
void LearntNames::add(Entry& entry, Known known, Instant now) {
  std::vector<Known> all = std::move(entry.others);
  all.push_back(std::move(entry.known));
  std::erase_if(all, [&](const Known& one) {
    const bool is_same = one.host->name == known.host->name;
    known.until = is_same ? std::max(known.until, one.until) : known.until;
    return is_same || one.until <= now;
  });
  all.push_back(std::move(known));
  std::stable_sort(all.begin(), all.end(),
                   [](const Known& a, const Known& b) { return a.learnt < b.learnt; });
  if (all.size() > most_names) {
    entry.missing_until = std::max(entry.missing_until, all.front().until);
    all.erase(all.begin());
  }
  entry.known = std::move(all.back());
  all.pop_back();
  entry.others = std::move(all);
}

bool LearntNames::is_over(const Entry& entry, Instant now) {
  return entry.known.until <= now &&
         std::all_of(entry.others.begin(), entry.others.end(),
                     [now](const Known& one) { return one.until <= now; });
}

// After one more has come, which stays. REQUIRES: it is the last of both.
std::size_t LearntNames::make_room(Part& part, const OfClient& client, Instant now) {
  Order::iterator oldest = part.order.begin();
  if (client.names.size() > most_of_client) {
    oldest = client.order.front();
  } else if (part.order.size() <= most / parts) {
    return 0;
  } else {
    sweep(part, now);
    if (part.order.size() <= most / parts) {
      return 0;
    }
    oldest = part.order.begin();
  }
  const bool was_over = is_over(*oldest, now);
  forget(part, oldest);
  return was_over ? 0 : 1;
}

void LearntNames::forget(Part& part, Order::iterator entry) {
  const auto client = part.clients.find(entry->known.client);
  client->second.names.erase(entry->known.address);
  client->second.order.erase(entry->of_client);
  if (client->second.order.empty()) {
    part.clients.erase(client);
  }
  part.order.erase(entry);
}

// Not more often than it may find something: a walk through a part takes up to a millisecond.
void LearntNames::sweep(Part& part, Instant now) {
  if (now < part.swept + shortest) {
    return;
  }
  part.swept = now;
  for (auto entry = part.order.begin(); entry != part.order.end();) {
    const auto next = std::next(entry);
    if (is_over(*entry, now)) {
      forget(part, entry);
    }
    entry = next;
  }
}

const LearntNames::Entry* LearntNames::entry_in(const Part& part, const Address& client,
                                                const Address& address) {
  const auto of_client = part.clients.find(client);
  if (of_client == part.clients.end()) {
    return nullptr;
  }
  const auto found = of_client->second.names.find(address);
  return found == of_client->second.names.end() ? nullptr : &*found->second;
}

std::optional<LearntNames::Known> LearntNames::look(const Address& client, const Address& address,
                                                    Instant now) const {
  const Part& part = parts_[hash_of(client) % parts];
  const std::lock_guard locked(part.lock);
  const Entry* const found = entry_in(part, client, address);
  if (found == nullptr) {
    return std::nullopt;
  }
  const Entry& entry = *found;
  if (entry.known.until > now) {
    return entry.known;
  }
  const auto last = std::find_if(entry.others.rbegin(), entry.others.rend(),
                                 [now](const Known& one) { return one.until > now; });
  return last == entry.others.rend() ? std::nullopt : std::optional(*last);
}

void LearntNames::add_all(All& out, const Address& client, const Address& address,
                          Instant now) const {
  const Part& part = parts_[hash_of(client) % parts];
  const std::lock_guard locked(part.lock);
  const Entry* const found = entry_in(part, client, address);
  if (found == nullptr) {
    return;
  }
  const Entry& entry = *found;
  const auto take = [&](const Known& one) {
    if (one.until > now) {
      out.names.push_back({.host = one.host, .until = one.until});
    }
  };
  std::for_each(entry.others.begin(), entry.others.end(), take);
  take(entry.known);
  out.are_all = out.are_all && entry.missing_until <= now;
}

LearntNames::All LearntNames::all_of(const Client& client, const Address& address,
                                     Instant now) const {
  All out;
  add_all(out, client.address, address, now);
  if (!client.device.is_zero()) {
    add_all(out, as_client(client.device), address, now);
  }
  return out;
}

Mac LearntNames::device_in(const Address& client) {
  Mac::Bytes bytes{};
  if (!client.is_multicast() || client.is_v4()) {
    return Mac();
  }
  std::copy(client.bytes().end() - bytes.size(), client.bytes().end(), bytes.begin());
  return Mac(bytes);
}

HostRef LearntNames::find(const Client& client, const Address& address, Instant now) const {
  const auto by_address = look(client.address, address, now);
  const auto by_device =
      client.device.is_zero() ? std::nullopt : look(as_client(client.device), address, now);
  if (by_device && (!by_address || by_address->learnt <= by_device->learnt)) {
    return by_device->host;
  }
  return by_address ? by_address->host : nullptr;
}

void LearntNames::each(Instant since, const std::function<void(const Known&)>& visit) const {
  for (const Part& part : parts_) {
    const std::lock_guard locked(part.lock);
    auto first = part.order.end();
    while (first != part.order.begin() && std::prev(first)->known.learnt >= since) {
      --first;
    }
    for (; first != part.order.end(); ++first) {
      for (const Known& other : first->others) {
        if (other.learnt >= since) {
          visit(other);
        }
      }
      visit(first->known);
    }
  }
}

// An older one does not take the place of the last one, nor of the same name.
void LearntNames::restore(const Known& known) {
  Part& part = part_of(known.client);
  const std::lock_guard locked(part.lock);
  const auto client = part.clients.find(known.client);
  if (client != part.clients.end()) {
    const auto before = client->second.names.find(known.address);
    if (before != client->second.names.end() && before->second->known.learnt >= known.learnt) {
      Entry& entry = *before->second;
      const auto is_same = [&](const Known& one) { return one.host->name == known.host->name; };
      if (!is_same(entry.known) &&
          std::none_of(entry.others.begin(), entry.others.end(), is_same)) {
        add(entry, known, known.learnt);
      }
      return;
    }
  }
  static_cast<void>(put(part, known, known.learnt));
}

std::size_t LearntNames::size(Instant now) {
  std::size_t out = 0;
  for (Part& part : parts_) {
    const std::lock_guard locked(part.lock);
    sweep(part, now);
    out += part.order.size();
  }
  return out;
}

}  // namespace weir
