// A flow's hold on what its client's device is called, in eight bytes: the flows of one device
// share the text and a plain count. None: nothing is known of the device.
//
// A value; the worker's thread, or the one that makes the worker before it runs.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace weir {

class DeviceRef {
 public:
  DeviceRef() = default;  // of none
  // What is copied from this shares its count. No text: of none.
  explicit DeviceRef(std::string text)
      : use_(text.empty() ? nullptr : new Use{.text = std::move(text)}) {}
  DeviceRef(const DeviceRef& other) : use_(other.use_) {
    if (use_ != nullptr) {
      ++use_->count;
    }
  }
  DeviceRef(DeviceRef&& other) noexcept : use_(std::exchange(other.use_, nullptr)) {}
  DeviceRef& operator=(DeviceRef other) noexcept {
    std::swap(use_, other.use_);
    return *this;
  }
  ~DeviceRef() {
    if (use_ != nullptr && --use_->count == 0) {
      delete use_;
    }
  }

  // "": of none.
  [[nodiscard]] std::string text() const { return use_ == nullptr ? std::string() : use_->text; }

 private:
  struct Use {
    std::string text;
    std::uint64_t count = 1;
  };
  Use* use_ = nullptr;
};

}  // namespace weir
