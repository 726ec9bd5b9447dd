// Writes changes of sets of pairs to the kernel, in the order in which they come, and says when
// they are there.
//
// A thread of its own with a netlink socket of its own, for all workers. The kernel takes one
// transaction at a time from all programs, and send() sleeps until it is done, however long another
// program holds nf_tables' lock (to load a long list takes it a part of a second): no worker could
// bound that wait by itself. And two workers that learn names of one pair must not overtake each
// other. What comes while a transaction is under way goes into the next one together.
//
// One, in NameSets. Any thread submits and waits.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "firewall/name_set_messages.h"
#include "weir/result.h"
#include "weir/units.h"

namespace weir::firewall {

class NameSetWriter {
 public:
  // Does with one transaction what the kernel does. → 0, or the errno by which it refuses.
  using Transact = std::function<int(const std::vector<std::byte>&)>;
  // How often so much has been submitted.
  using Ticket = std::uint64_t;

  // Writes to this network namespace's kernel.
  static Result<std::unique_ptr<NameSetWriter>> open();
  // `port`: of the socket that it sends by.
  NameSetWriter(Transact transact, NewTimeout how, std::uint32_t port = 0);
  // What has been submitted is not written any more.
  ~NameSetWriter();
  NameSetWriter(const NameSetWriter&) = delete;
  NameSetWriter& operator=(const NameSetWriter&) = delete;

  // → what to wait for.
  Ticket submit(std::vector<NameSetChange> changes);
  // False: it takes longer than that; then it does not wait again before the kernel is that far.
  [[nodiscard]] bool wait(Ticket ticket, Milliseconds longest);
  [[nodiscard]] std::uint32_t port() const { return port_; }
  // Changes that the kernel has refused: there is no such set, or no memory.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  void run();
  [[nodiscard]] std::uint64_t write(std::span<const NameSetChange> changes);
  [[nodiscard]] std::uint64_t write_by_sets(std::span<const NameSetChange> changes);

  Transact transact_;
  NewTimeout how_;
  std::uint32_t port_;
  std::uint32_t sequence_ = 0;  // of the thread
  mutable std::mutex lock_;
  std::condition_variable submitted_;
  std::condition_variable written_;
  std::vector<NameSetChange> waiting_;
  struct Progress {
    Ticket submitted = 0;
    Ticket written = 0;
    Ticket missed = 0;  // a wait for it has ended too early
    std::uint64_t refused = 0;
    bool ends = false;
  } progress_;
  std::thread thread_;
};

}  // namespace weir::firewall
