#include "devices/lease.h"

#include <cassert>
#include <utility>

namespace weir {

std::string_view text_of(LeaseFormat format) {
  switch (format) {
    case LeaseFormat::none:
      return "empty";
    case LeaseFormat::unknown:
      return "unknown";
    case LeaseFormat::dnsmasq:
      return "dnsmasq";
    case LeaseFormat::isc:
      return "ISC dhcpd";
    case LeaseFormat::kea:
      return "Kea";
  }
  assert(false && "a format has no name");
  return "";
}

void LeaseList::put(Lease lease) {
  const auto [place, is_new] = places_.try_emplace(lease.address, leases_.size());
  if (is_new) {
    leases_.emplace_back(std::move(lease));
  } else {
    leases_[place->second] = std::move(lease);
  }
}

void LeaseList::remove(const Address& address) {
  if (const auto found = places_.find(address); found != places_.end()) {
    leases_[found->second].reset();
  }
}

std::vector<Lease> LeaseList::take() {
  std::vector<Lease> out;
  out.reserve(leases_.size());
  for (auto& lease : leases_) {
    if (lease) {
      out.push_back(*std::move(lease));
    }
  }
  leases_.clear();
  places_.clear();
  return out;
}

}  // namespace weir
