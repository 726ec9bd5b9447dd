#include "flow/dns_lookups.h"

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
  const std::size_t forgotten =
      parts_.names.learn({client, parts_.devices.mac_of(client)}, *answer, parts_.now);
  if (forgotten != 0) {
    parts_.reasons.add(Reason::name_forgotten, forgotten);
  }
}

HostRef DnsLookups::find(const Flow& flow) const {
  const Address& client = flow.client.address;
  return parts_.names.find({client, parts_.devices.mac_of(client)}, flow.destination.address,
                           parts_.now);
}

}  // namespace weir
