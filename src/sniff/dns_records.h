// A DNS response as the records that can lead from its question's name to addresses.
//
// A value made of a message's bytes, which need not live on. Pure; any thread. Messages: RFC 1035,
// section 4; HTTPS records: RFC 9460.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "weir/endpoint.h"

namespace weir {

enum class DnsType : std::uint16_t { a = 1, cname = 5, aaaa = 28, https = 65 };

struct DnsRecord {
  static constexpr std::size_t most_addresses = 64;  // of hints; those behind them are left out

  enum class Kind : std::uint8_t {
    address,  // A, AAAA: one address
    alias,    // CNAME, and HTTPS in alias mode: `target` stands for the owner
    service,  // HTTPS in service mode: `target` serves the owner, at these addresses or its own
  };

  Kind kind = Kind::address;
  bool is_https = false;
  std::uint32_t ttl = 0;  // seconds
  std::string owner;      // as sniff/dns_name.h keeps names
  std::string target;     // the root where HTTPS in service mode means the owner itself
  std::vector<Address> addresses;
};

struct DnsResponse {
  // The first of them; those behind them are checked and left out.
  static constexpr std::size_t most_records = 128;

  std::string name;  // the question's, as sniff/dns_name.h keeps names
  DnsType type = DnsType::a;
  // Those that a client would use: for A and AAAA of the answer section, and of the asked type; for
  // HTTPS also of the additional section, with A and AAAA (RFC 9460, section 4.1). CNAMEs always.
  std::vector<DnsRecord> records;
};

// Nothing: it is not a response without an error to one question of class IN for A, AAAA or HTTPS,
// or it is malformed, in whichever record. Of a truncated message (TC) the records before the first
// that is not whole or not sound.
[[nodiscard]] std::optional<DnsResponse> read_dns_response(std::span<const std::uint8_t> message);

}  // namespace weir
