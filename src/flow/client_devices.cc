#include "flow/client_devices.h"

#include <utility>

namespace weir {

ClientDevices::ClientDevices(const Instant& now, AskKernel ask)
    : now_(now), ask_(std::move(ask)), finder_([this](const Flow& flow) { return find(flow); }) {}

void ClientDevices::use(std::shared_ptr<const DeviceTable> table) {
  refs_.clear();
  asked_.clear();
  table_ = std::move(table);
}

const Device* ClientDevices::known(const Address& client) const {
  if (const auto asked = asked_.find(client); asked != asked_.end()) {
    return &asked->second;
  }
  return table_ == nullptr ? nullptr : table_->device_of(client);
}

ClientDevice ClientDevices::known_device() const {
  return [this](const Flow& flow) { return known(flow.client.address); };
}

DeviceRef ClientDevices::ref_to(const Address& client) {
  const Device* device = known(client);
  if (device == nullptr) {
    return {};
  }
  const auto [at, is_new] = refs_.try_emplace(device);
  if (is_new) {
    at->second = DeviceRef(device->text());
  }
  return at->second;
}

const Device* ClientDevices::find(const Flow& flow) {
  const Device* device = known(flow.client.address);
  if (table_ == nullptr || (device != nullptr && !device->mac.is_zero()) ||
      asked_.contains(flow.client.address)) {
    return device;
  }
  return ask(flow, device);
}

// 0: the kernel cannot be asked for it, or not now.
std::uint32_t ClientDevices::link_to_ask_for(const Address& client) {
  const std::uint32_t link = links_ == nullptr ? 0 : links_->interface_of(client);
  return link != 0 && asked_.size() < most_asked && questions_.take(now_) ? link : 0;
}

// Only what the kernel knows is remembered: a rule that asks who the client is may wait for it.
Mac ClientDevices::mac_of(const Address& client) {
  const Device* device = known(client);
  if (device != nullptr && !device->mac.is_zero()) {
    return device->mac;
  }
  if (table_ == nullptr || asked_.contains(client)) {
    return Mac();
  }
  const std::uint32_t link = link_to_ask_for(client);
  const Mac mac = link != 0 ? ask_(client, link, Wait::no) : Mac();
  if (!mac.is_zero()) {
    asked_.try_emplace(client, table_->device_with(client, mac));
  }
  return mac;
}

// What the kernel does not know is remembered as well.
const Device* ClientDevices::ask(const Flow& flow, const Device* before) {
  const Address& client = flow.client.address;
  const std::uint32_t link = link_to_ask_for(client);
  if (link == 0) {
    return before;
  }
  Mac mac = ask_(client, link, Wait::no);
  if (mac.is_zero() && flow.protocol == Protocol::udp && waits_.take(now_)) {
    mac = ask_(client, link, Wait::yes);
  }
  return &asked_.try_emplace(client, table_->device_with(client, mac)).first->second;
}

}  // namespace weir
