// A flow's hold on the snapshot that it opened with.
//
// A shared_ptr in each flow would be 16 bytes, and a count that all workers write with every flow.
// A worker holds its snapshot once, and counts its own flows of it: a plain number of one thread.
//
// A value; the worker's thread, or the one that makes the worker before it runs.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

namespace weir {

class Snapshot;

class SnapshotRef {
 public:
  SnapshotRef() = default;  // of none
  // What is copied from this shares its count.
  explicit SnapshotRef(std::shared_ptr<const Snapshot> snapshot)
      : use_(snapshot ? new Use{std::move(snapshot)} : nullptr) {}
  SnapshotRef(const SnapshotRef& other) : use_(other.use_) {
    if (use_ != nullptr) {
      ++use_->count;
    }
  }
  SnapshotRef(SnapshotRef&& other) noexcept : use_(std::exchange(other.use_, nullptr)) {}
  SnapshotRef& operator=(SnapshotRef other) noexcept {
    std::swap(use_, other.use_);
    return *this;
  }
  ~SnapshotRef() {
    if (use_ != nullptr && --use_->count == 0) {
      delete use_;
    }
  }

  // REQUIRES: there is one.
  const Snapshot& operator*() const { return *use_->snapshot; }
  const Snapshot* operator->() const { return use_->snapshot.get(); }
  explicit operator bool() const { return use_ != nullptr; }

 private:
  struct Use {
    std::shared_ptr<const Snapshot> snapshot;
    std::uint64_t count = 1;
  };
  Use* use_ = nullptr;
};

}  // namespace weir
