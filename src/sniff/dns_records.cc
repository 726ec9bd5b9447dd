#include "sniff/dns_records.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "sniff/dns_name.h"

namespace weir {
namespace {

constexpr std::uint16_t class_in = 1;

// What the header says (RFC 1035, section 4.1.1).
struct DnsHeader {
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;

  explicit DnsHeader(NetworkReader& in) {
    in.u16();  // the ID
    flags = in.u16();
    questions = in.u16();
    answers = in.u16();
    authorities = in.u16();
    additionals = in.u16();
  }
  [[nodiscard]] bool is_good_response() const {
    constexpr unsigned response_opcode_and_error = 0xf80f;
    constexpr unsigned response_to_query = 0x8000;
    return (flags & response_opcode_and_error) == response_to_query && questions == 1;
  }
  [[nodiscard]] bool is_truncated() const {
    constexpr unsigned tc = 0x0200;
    return (flags & tc) != 0;
  }
};

enum class DnsSection : std::uint8_t { answer, authority, additional };

bool is_asked_type(DnsType type) {
  return type == DnsType::a || type == DnsType::aaaa || type == DnsType::https;
}

// Whether a client that asked for the one looks at the other.
bool leads_on(DnsType asked, DnsType type, DnsSection section) {
  if (asked == DnsType::https && section != DnsSection::authority) {
    return is_asked_type(type) || type == DnsType::cname;
  }
  return section == DnsSection::answer && (type == asked || type == DnsType::cname);
}

// Of an HTTPS record's parameters, which go on to the end of its data, each with a key, in
// ascending order (RFC 9460, sections 2.2 and 7.3).
std::vector<Address> read_hints(NetworkReader& in, std::size_t end) {
  constexpr std::uint16_t ipv4hint = 4;
  constexpr std::uint16_t ipv6hint = 6;
  std::vector<Address> out;
  for (int last = -1; in.position() < end && !in.failed();) {
    const std::uint16_t key = in.u16();
    const std::size_t size = in.u16();
    if (key <= last) {
      in.fail();
    }
    last = key;
    if (key != ipv4hint && key != ipv6hint) {
      static_cast<void>(in.raw(size));
      continue;
    }
    const Family family = key == ipv4hint ? Family::v4 : Family::v6;
    const std::size_t width = family == Family::v4 ? sizeof(in_addr) : sizeof(in6_addr);
    if (size == 0 || size % width != 0 || size > in.left()) {
      in.fail();
      break;
    }
    for (std::size_t i = 0; i < size / width; ++i) {
      const Address hint = in.address(family);
      if (out.size() < DnsRecord::most_addresses) {
        out.push_back(hint);
      }
    }
  }
  return out;
}

void read_https(NetworkReader& in, std::size_t end, DnsRecord& out) {
  constexpr std::uint16_t alias_mode = 0;
  const std::uint16_t priority = in.u16();
  out.is_https = true;
  out.target = read_dns_name(in);
  if (priority == alias_mode) {
    // "." would be the root, which has no addresses, and means that there is no such service; what
    // parameters there are mean nothing (section 2.4.2).
    out.kind = DnsRecord::Kind::alias;
    static_cast<void>(in.raw(end - std::min(end, in.position())));
    return;
  }
  out.kind = DnsRecord::Kind::service;
  out.addresses = read_hints(in, end);
}

// The next record, where it is one that leads on; `in` fails where it is not sound.
std::optional<DnsRecord> read_record(NetworkReader& in, DnsType asked, DnsSection section) {
  constexpr std::uint32_t greatest_ttl = 0x7fffffff;  // RFC 2181, section 8: beyond it means 0
  DnsRecord out;
  out.owner = read_dns_name(in);
  const DnsType type{in.u16()};
  const std::uint16_t klass = in.u16();
  const std::uint32_t ttl = in.u32();
  const std::size_t size = in.u16();
  if (in.failed()) {
    return std::nullopt;
  }
  const std::size_t end = in.position() + size;
  if (klass != class_in || !leads_on(asked, type, section)) {
    in.seek(end);
    return std::nullopt;
  }
  out.ttl = ttl <= greatest_ttl ? ttl : 0;
  if (type == DnsType::cname) {
    out.kind = DnsRecord::Kind::alias;
    out.target = read_dns_name(in);
  } else if (type == DnsType::https) {
    read_https(in, end, out);
  } else {
    out.addresses.push_back(in.address(type == DnsType::a ? Family::v4 : Family::v6));
  }
  if (in.position() != end) {
    in.fail();
  }
  return in.failed() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

std::optional<DnsResponse> read_dns_response(std::span<const std::uint8_t> message) {
  NetworkReader in(message);
  const DnsHeader header(in);
  if (!header.is_good_response()) {
    return std::nullopt;
  }
  DnsResponse out;
  out.name = read_dns_name(in);
  out.type = DnsType{in.u16()};
  const std::uint16_t klass = in.u16();
  if (in.failed() || !is_asked_type(out.type) || klass != class_in) {
    return std::nullopt;
  }
  const std::array<std::pair<DnsSection, std::size_t>, 3> sections{
      {{DnsSection::answer, header.answers},
       {DnsSection::authority, header.authorities},
       {DnsSection::additional, header.additionals}}};
  for (const auto& [section, count] : sections) {
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
      auto record = read_record(in, out.type, section);
      if (record && out.records.size() < DnsResponse::most_records) {
        out.records.push_back(*std::move(record));
      }
    }
  }
  const bool is_whole = !in.failed() || header.is_truncated();
  return is_whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace weir
