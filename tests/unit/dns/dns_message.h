// DNS messages built by hand (RFC 1035, section 4), as right or wrong as a test wants them.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

inline constexpr int type_a = 1;
inline constexpr int type_cname = 5;
inline constexpr int type_aaaa = 28;

struct DnsRecord {
  std::string name;
  int type = type_a;
  std::uint32_t ttl = 60;
  std::string value;  // an address, or the name of a CNAME
};

struct DnsQuestion {
  std::string name;
  int type = 0;
  std::string raw;  // the question section's bytes
};

// What the fake server does with a question.
struct DnsReply {
  enum class Manner : std::uint8_t { answer, silence, truncate } manner = Manner::answer;
  int code = 0;  // 2: SERVFAIL, 3: NXDOMAIN
  std::vector<DnsRecord> records;
};

inline void append_u16(std::string& out, unsigned value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 0xffU);
}

inline void append_name(std::string& out, std::string_view name) {
  while (!name.empty()) {
    const auto dot = name.find('.');
    const auto label = name.substr(0, dot);
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
  out += '\0';
}

inline DnsQuestion question_of(std::string_view query) {
  DnsQuestion out;
  std::size_t at = 12;
  while (at < query.size() && query[at] != 0) {
    const auto length = static_cast<std::size_t>(query[at]);
    out.name += (out.name.empty() ? "" : ".") + std::string(query.substr(at + 1, length));
    at += length + 1;
  }
  out.type = at + 2 < query.size() ? static_cast<unsigned char>(query[at + 2]) : 0;
  out.raw = std::string(query.substr(12, at + 5 - 12));
  return out;
}

inline std::string message_of(std::string_view query, const DnsQuestion& question,
                              const DnsReply& reply, bool truncated) {
  std::string out(query.substr(0, 2));
  out += static_cast<char>(0x81 | (truncated ? 0x02 : 0));
  out += static_cast<char>(0x80 | reply.code);
  append_u16(out, 1);
  append_u16(out, truncated ? 0 : static_cast<unsigned>(reply.records.size()));
  append_u16(out, 0);
  append_u16(out, 0);
  out += question.raw;
  if (truncated) {
    return out;
  }
  for (const auto& record : reply.records) {
    append_name(out, record.name);
    append_u16(out, static_cast<unsigned>(record.type));
    append_u16(out, 1);
    append_u16(out, record.ttl >> 16U);
    append_u16(out, record.ttl & 0xffffU);
    std::string data;
    if (record.type == type_cname) {
      append_name(data, record.value);
    } else {
      std::array<char, 16> raw{};
      inet_pton(record.type == type_a ? AF_INET : AF_INET6, record.value.c_str(), raw.data());
      data.assign(raw.data(), record.type == type_a ? 4 : 16);
    }
    append_u16(out, static_cast<unsigned>(data.size()));
    out += data;
  }
  return out;
}

}  // namespace weir
