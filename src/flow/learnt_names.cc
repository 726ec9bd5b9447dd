#include "flow/learnt_names.h"

#include <algorithm>
#include <utility>

namespace weir {

void LearntNames::learn(const Address& client, const DnsAnswer& answer, Instant now) {
  if (answer.addresses.empty()) {
    return;
  }
  const auto name = std::make_shared<const std::string>(answer.name);
  Part& part = part_of(client);
  const std::lock_guard locked(part.lock);
  for (const DnsAnswer::Entry& entry : answer.addresses) {
    const auto kept = std::clamp(std::chrono::seconds(entry.ttl), shortest, longest);
    note(part, {client, entry.address, name, now + kept});
  }
}

// The oldest entries make room. An entry that was learnt again stands in the queues twice, and
// counts where it was learnt last.
void LearntNames::note(Part& part, const Known& known) {
  OfClient& client = part.clients[known.client];
  Entry& entry = client.names[known.address];
  part.size += entry.name == nullptr ? 1 : 0;
  entry = {.name = known.name, .until = known.until, .number = ++part.learnt};
  client.order.push_back({known.address, entry.number});
  part.order.push_back(known.client);
  while (client.names.size() > most_of_client || client.order.size() > 2 * most_of_client) {
    forget_oldest(part, client);
  }
  while (part.size > most / parts || part.order.size() > 2 * most / parts) {
    const Address oldest = part.order.front();
    part.order.pop_front();
    const auto found = part.clients.find(oldest);
    if (found == part.clients.end()) {
      continue;
    }
    if (!found->second.order.empty()) {
      forget_oldest(part, found->second);
    }
    if (found->second.names.empty()) {
      part.clients.erase(found);
    }
  }
}

void LearntNames::forget_oldest(Part& part, OfClient& client) {
  const Learning oldest = client.order.front();
  client.order.pop_front();
  const auto found = client.names.find(oldest.address);
  if (found != client.names.end() && found->second.number == oldest.number) {
    client.names.erase(found);
    --part.size;
  }
}

std::shared_ptr<const std::string> LearntNames::find(const Address& client, const Address& address,
                                                     Instant now) const {
  const Part& part = part_of(client);
  const std::lock_guard locked(part.lock);
  const auto of_client = part.clients.find(client);
  if (of_client == part.clients.end()) {
    return nullptr;
  }
  const auto found = of_client->second.names.find(address);
  return found == of_client->second.names.end() || found->second.until <= now ? nullptr
                                                                              : found->second.name;
}

void LearntNames::each(Instant now, const std::function<void(const Known&)>& visit) const {
  for (const Part& part : parts_) {
    const std::lock_guard locked(part.lock);
    for (const auto& [client, its] : part.clients) {
      for (const Learning& learning : its.order) {
        const auto found = its.names.find(learning.address);
        if (found != its.names.end() && found->second.number == learning.number &&
            found->second.until > now) {
          visit({client, learning.address, found->second.name, found->second.until});
        }
      }
    }
  }
}

void LearntNames::restore(const Known& known) {
  Part& part = part_of(known.client);
  const std::lock_guard locked(part.lock);
  note(part, known);
}

std::size_t LearntNames::size() const {
  std::size_t out = 0;
  for (const Part& part : parts_) {
    const std::lock_guard locked(part.lock);
    out += part.size;
  }
  return out;
}

}  // namespace weir
