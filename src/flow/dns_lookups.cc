#include "flow/dns_lookups.h"

#include <utility>

#include "sniff/dns_answer.h"

namespace weir {

void DnsLookups::answered(const Address& client, std::span<const std::uint8_t> message) {
  if (!are_wanted() || message.size() > longest_message) {
    return;
  }
  const auto answer = read_dns_answer(message);
  if (!answer || answer->addresses.empty()) {
    return;
  }
  const Mac device = parts_.devices.mac_of(client);
  const std::size_t forgotten = parts_.names.learn({client, device}, *answer, parts_.now);
  if (forgotten != 0) {
    parts_.reasons.add(Reason::name_forgotten, forgotten);
  }
  if (parts_.gate == nullptr) {
    return;
  }
  const LookupGate::Learnt learnt =
      parts_.gate->learnt(client, device, answer->addresses, parts_.now);
  if (learnt.left_out != 0) {
    parts_.reasons.add(Reason::name_set_full, learnt.left_out);
  }
  if (learnt.ticket != 0) {
    held_ = {.ticket = learnt.ticket, .answers = held_.answers + 1};
  }
}

void DnsLookups::wait() {
  const Held held = std::exchange(held_, {});
  if (!parts_.gate->wait(held.ticket)) {
    parts_.reasons.add(Reason::name_set_late, held.answers);
  }
}

HostRef DnsLookups::find(const Flow& flow) const {
  const Address& client = flow.client.address;
  return parts_.names.find({client, parts_.devices.mac_of(client)}, flow.destination.address,
                           parts_.now);
}

}  // namespace weir
