#include "handshake/proxy_header.h"

#include <netinet/in.h>

#include <array>
#include <cassert>

#include "base/bytes.h"

namespace weir {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::uint8_t version_2_proxy = 0x21;
constexpr std::uint8_t family_v4 = 0x10;
constexpr std::uint8_t family_v6 = 0x20;
constexpr std::uint8_t stream = 0x01;
constexpr std::uint8_t datagram = 0x02;
constexpr std::uint8_t tlv_authority = 0x02;
constexpr std::uint8_t tlv_crc32c = 0x03;
constexpr std::uint8_t tlv_unique_id = 0x05;
constexpr std::size_t longest_unique_id = 128;
constexpr std::size_t longest_authority = 253;  // RFC 1035, section 2.3.4

bool both_v4(const Flow& flow) {
  return flow.client.address.is_v4() && flow.destination.address.is_v4();
}

// An IPv4 address among IPv6 ones is written in its mapped form, which is how Address keeps it.
void append_16_bytes(std::string& out, const Address& address) {
  out.append(reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size());
}

std::string text_v6(const Address& address) {
  if (address.is_v4()) {
    return "::ffff:" + address.text();
  }
  const std::string text = address.text();
  return text.substr(0, text.find('%'));
}

void append_tlv(std::string& out, std::uint8_t type, std::string_view value) {
  NetworkWriter tlv(out);
  tlv.u8(type);
  tlv.u16(static_cast<std::uint16_t>(value.size()));
  tlv.raw(value);
}

void append_v1(const Flow& flow, std::string& out) {
  const Endpoint& from = flow.client;
  const Endpoint& to = flow.destination;
  out += both_v4(flow) ? "PROXY TCP4 " + from.address.text() + ' ' + to.address.text()
                       : "PROXY TCP6 " + text_v6(from.address) + ' ' + text_v6(to.address);
  out += ' ' + std::to_string(from.port) + ' ' + std::to_string(to.port) + "\r\n";
}

void append_v2(const ProxyHeaderFormat& format, const Flow& flow, std::string_view flow_id,
               std::string& out) {
  std::string rest;
  NetworkWriter addresses(rest);
  const bool v4 = both_v4(flow);
  for (const Address& address : {flow.client.address, flow.destination.address}) {
    if (v4) {
      addresses.address(address);
    } else {
      append_16_bytes(rest, address);
    }
  }
  addresses.u16(flow.client.port);
  addresses.u16(flow.destination.port);
  // What is cut would be another name.
  if (flow.host != nullptr && flow.host->name.size() <= longest_authority) {
    append_tlv(rest, tlv_authority, flow.host->name);
  }
  if (!flow_id.empty()) {
    append_tlv(rest, tlv_unique_id, flow_id.substr(0, longest_unique_id));
  }
  const bool checked = format.checksum == ProxyChecksum::crc32c;
  if (checked) {
    append_tlv(rest, tlv_crc32c, "\0\0\0\0"sv);
  }
  const std::size_t begin = out.size();
  NetworkWriter header(out);
  header.raw(signature);
  header.u8(version_2_proxy);
  const std::uint8_t transport = flow.protocol == Protocol::tcp ? stream : datagram;
  header.u8(static_cast<std::uint8_t>((v4 ? family_v4 : family_v6) | transport));
  header.u16(static_cast<std::uint16_t>(rest.size()));
  header.raw(rest);
  if (checked) {  // over the whole header, with the checksum's own bytes as zeros
    std::string sum;
    NetworkWriter(sum).u32(crc32c(std::string_view(out).substr(begin)));
    out.replace(out.size() - sum.size(), sum.size(), sum);
  }
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t reflected_polynomial = 0x82f63b78;
  std::uint32_t sum = 0xffffffff;
  for (const char c : bytes) {
    sum ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) {
      sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? reflected_polynomial : 0U);
    }
  }
  return ~sum;
}

void append_proxy_header(const ProxyHeaderFormat& format, const Flow& flow,
                         std::string_view flow_id, std::string& out) {
  if (format.version == ProxyVersion::v1) {
    assert(flow.protocol == Protocol::tcp && "version 1 of the PROXY protocol knows only TCP");
    append_v1(flow, out);
  } else {
    append_v2(format, flow, flow_id, out);
  }
}

Handshake::State ProxyHeaderHandshake::start(const Opening& opening, std::string& out) {
  append_proxy_header(format_, flow_, opening.flow_id, out);
  return State::done;
}

Handshake::Progress ProxyHeaderHandshake::receive(std::string_view, std::string&) {
  return {State::done, 0};
}

std::string_view ProxyDatagramCodec::name() const {
  const bool every = on_ == On::every;
  if (format_.checksum == ProxyChecksum::crc32c) {
    return every ? "proxy-v2-crc32c-every" : "proxy-v2-crc32c-first";
  }
  return every ? "proxy-v2-every" : "proxy-v2-first";
}

void ProxyDatagramCodec::append_header(const Flow& flow, const Target&, const Opening& opening,
                                       std::string& out) const {
  append_proxy_header(format_, flow, opening.flow_id, out);
}

DatagramCodec::Decoded ProxyDatagramCodec::decode(std::span<const std::uint8_t>) const {
  return {};
}

}  // namespace weir
