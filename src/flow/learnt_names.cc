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
    entry->known = known;
    part.order.splice(part.order.end(), part.order, entry);
    client.order.splice(client.order.end(), client.order, entry->of_client);
    return 0;
  }
  const auto entry = part.order.insert(part.order.end(), Entry{.known = known});
  entry->of_client = client.order.insert(client.order.end(), entry);
  client.names.emplace(known.address, entry);
  return make_room(part, client, now);
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
  const bool was_over = oldest->known.until <= now;
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
    if (entry->known.until <= now) {
      forget(part, entry);
    }
    entry = next;
  }
}

std::optional<LearntNames::Known> LearntNames::look(const Address& client, const Address& address,
                                                    Instant now) const {
  const Part& part = parts_[hash_of(client) % parts];
  const std::lock_guard locked(part.lock);
  const auto of_client = part.clients.find(client);
  if (of_client == part.clients.end()) {
    return std::nullopt;
  }
  const auto found = of_client->second.names.find(address);
  if (found == of_client->second.names.end() || found->second->known.until <= now) {
    return std::nullopt;
  }
  return found->second->known;
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
      visit(first->known);
    }
  }
}

void LearntNames::restore(const Known& known) {
  Part& part = part_of(known.client);
  const std::lock_guard locked(part.lock);
  const auto client = part.clients.find(known.client);
  if (client != part.clients.end()) {
    const auto before = client->second.names.find(known.address);
    if (before != client->second.names.end() && before->second->known.learnt >= known.learnt) {
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
