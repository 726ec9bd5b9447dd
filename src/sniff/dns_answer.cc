#include "sniff/dns_answer.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "sniff/dns_name.h"
#include "sniff/dns_records.h"

namespace weir {
namespace {

// Follows a response's records, which outlive it. A name that was reached is looked for in all of
// them, so their order means nothing; one that was reached before is not followed again, so it
// ends.
class DnsWalk {
 public:
  DnsWalk(const DnsResponse& response, std::vector<DnsAnswer::Entry>& out)
      : response_(response), out_(out) {}

  void run() {
    constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();
    reach({.name = response_.name, .ttl = no_limit, .is_server = false});
    for (std::size_t i = 0; i < reached_.size(); ++i) {
      const Reached from = reached_[i];
      for (const DnsRecord& record : response_.records) {
        if (record.owner == from.name && !(record.is_https && from.is_server)) {
          follow(from, record);
        }
      }
    }
  }

 private:
  struct Reached {
    std::string_view name;
    std::uint32_t ttl = 0;
    bool is_server = false;  // a service's target: its addresses count, no service of its own
  };

  void reach(const Reached& next) {
    const bool is_known = std::ranges::any_of(reached_, [&next](const Reached& known) {
      return known.name == next.name && known.is_server == next.is_server;
    });
    if (!is_known && reached_.size() < DnsAnswer::most_names) {
      reached_.push_back(next);
    }
  }

  void follow(const Reached& from, const DnsRecord& record) {
    const std::uint32_t ttl = std::min(from.ttl, record.ttl);
    for (const Address& address : record.addresses) {
      add({.address = address, .ttl = ttl});
    }
    if (record.kind != DnsRecord::Kind::address) {
      const bool is_server = from.is_server || record.kind == DnsRecord::Kind::service;
      reach({.name = record.target, .ttl = ttl, .is_server = is_server});
    }
  }

  void add(const DnsAnswer::Entry& entry) {
    const auto known = std::ranges::find(out_, entry.address, &DnsAnswer::Entry::address);
    if (known != out_.end()) {
      known->ttl = std::max(known->ttl, entry.ttl);
    } else if (out_.size() < DnsAnswer::most_addresses) {
      out_.push_back(entry);
    }
  }

  const DnsResponse& response_;
  std::vector<DnsAnswer::Entry>& out_;
  std::vector<Reached> reached_;
};

}  // namespace

std::optional<DnsAnswer> read_dns_answer(std::span<const std::uint8_t> message) {
  const auto response = read_dns_response(message);
  auto name = response ? host_of_dns_name(response->name) : std::nullopt;
  if (!name) {
    return std::nullopt;
  }
  DnsAnswer out{.name = *std::move(name), .addresses = {}};
  DnsWalk(*response, out.addresses).run();
  return out;
}

}  // namespace weir
