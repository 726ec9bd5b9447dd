#include "firewall/name_set_writer.h"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <string_view>
#include <utility>

#include "base/netlink.h"
#include "firewall/set_loader.h"

namespace weir::firewall {

Result<std::unique_ptr<NameSetWriter>> NameSetWriter::open() {
  auto socket = netlink::open(NETLINK_NETFILTER);
  if (!socket) {
    return socket.error();
  }
  const auto shared = std::make_shared<Descriptor>(std::move(socket).value());
  sockaddr_nl name{};
  socklen_t size = sizeof name;
  if (getsockname(shared->get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    name.nl_pid = 0;
  }
  return std::make_unique<NameSetWriter>(
      [shared](const std::vector<std::byte>& messages) { return transact(*shared, messages); },
      new_timeout_here(), name.nl_pid);
}

// Signals go to other threads.
NameSetWriter::NameSetWriter(Transact transact, NewTimeout how, std::uint32_t port)
    : transact_(std::move(transact)), how_(how), port_(port) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this]() { run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "name-sets");
}

NameSetWriter::~NameSetWriter() {
  {
    const std::lock_guard locked(lock_);
    progress_.ends = true;
  }
  submitted_.notify_all();
  written_.notify_all();
  thread_.join();
}

NameSetWriter::Ticket NameSetWriter::submit(std::vector<NameSetChange> changes) {
  Ticket ticket = 0;
  {
    const std::lock_guard locked(lock_);
    waiting_.insert(waiting_.end(), std::make_move_iterator(changes.begin()),
                    std::make_move_iterator(changes.end()));
    ticket = ++progress_.submitted;
  }
  submitted_.notify_one();
  return ticket;
}

bool NameSetWriter::wait(Ticket ticket, Milliseconds longest) {
  std::unique_lock locked(lock_);
  const auto is_over = [&]() { return progress_.written >= ticket || progress_.ends; };
  if (!is_over() && progress_.written >= progress_.missed) {
    written_.wait_for(locked, longest, is_over);
  }
  if (progress_.written < ticket) {
    progress_.missed = std::max(progress_.missed, ticket);
  }
  return progress_.written >= ticket;
}

std::uint64_t NameSetWriter::refused() const {
  const std::lock_guard locked(lock_);
  return progress_.refused;
}

void NameSetWriter::run() {
  std::unique_lock locked(lock_);
  while (true) {
    submitted_.wait(
        locked, [this]() { return progress_.ends || progress_.submitted != progress_.written; });
    if (progress_.ends) {
      return;
    }
    const std::vector<NameSetChange> changes = std::exchange(waiting_, {});
    const Ticket until = progress_.submitted;
    locked.unlock();
    std::uint64_t refused = 0;
    for (std::size_t at = 0; at < changes.size(); at += changes_in_one) {
      refused +=
          write(std::span(changes).subspan(at, std::min(changes_in_one, changes.size() - at)));
    }
    locked.lock();
    progress_.refused += refused;
    progress_.written = until;
    written_.notify_all();
  }
}

// → how many the kernel refuses.
std::uint64_t NameSetWriter::write(std::span<const NameSetChange> changes) {
  return transact_(name_set_messages(changes, how_, sequence_)) == 0 ? 0 : write_by_sets(changes);
}

// A set that is gone, because another program has taken the table away, must not keep others from
// what is theirs.
std::uint64_t NameSetWriter::write_by_sets(std::span<const NameSetChange> changes) {
  std::map<std::string_view, std::vector<NameSetChange>> sets;
  for (const NameSetChange& change : changes) {
    sets[*change.set].push_back(change);
  }
  std::uint64_t refused = 0;
  for (const auto& [set, its] : sets) {
    const bool is_written =
        sets.size() > 1 && transact_(name_set_messages(its, how_, sequence_)) == 0;
    refused += is_written ? 0 : its.size();
  }
  return refused;
}

}  // namespace weir::firewall
