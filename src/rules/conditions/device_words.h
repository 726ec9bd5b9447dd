// How a packet filter checks that a packet comes from a device: by the frame's sender, or by the
// address that the device has been given. What several kinds of items say. No state; any thread.
#pragma once

#include "base/mac.h"
#include "firewall/evaluate.h"
#include "firewall/item_words.h"
#include "weir/endpoint.h"

namespace weir {

// A frame of no Ethernet has no sender: nft takes that for no answer, negated or not.
[[nodiscard]] inline firewall::ItemWords words_of_sender(const Mac& mac) {
  firewall::ItemWords words;
  words.nft_key = "ether saddr";
  words.nft_value = mac.text();
  words.iptables_module = "-m mac";
  words.iptables_option = "--mac-source " + mac.text();
  words.holds = [mac](const firewall::Packet& packet) { return packet.sender == mac; };
  words.comes_in = true;
  words.can_be_negated = false;
  return words;
}

// No device has the router's own addresses: what has this one came in.
[[nodiscard]] inline firewall::ItemWords words_of_source(const Address& address) {
  firewall::ItemWords words;
  words.nft_key = address.is_v4() ? "ip saddr" : "ip6 saddr";
  words.nft_value = address.text();
  words.iptables_option = "-s " + address.text();
  words.holds = [address](const firewall::Packet& packet) {
    return packet.source.address == address;
  };
  words.comes_in = true;
  words.family = address.family();
  words.is_address = true;
  return words;
}

}  // namespace weir
