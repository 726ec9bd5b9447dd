// The problem: a lease file is cut to nothing and written again in place (dnsmasq), appended to,
// and replaced by rename once an hour (ISC, Kea); before the first lease there is none, and on a
// router its folder may be made after we start.
//
// Rejected: a watch of the file alone, which stays with the old one when it is renamed over; and
// one of its folder for all that is written there, which in /tmp wakes us for others' files.
//
// The choice: every folder on the way to a file is watched, as far as there are any, for the one
// name in it that leads on; and the file, for what is written to it. After an event of these the
// way is gone anew.
#include "loop/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace weir {
namespace {

constexpr std::uint32_t events_of_a_folder = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB |
                                             IN_ONLYDIR | IN_MASK_ADD;
constexpr std::uint32_t events_of_a_file = IN_MODIFY | IN_ATTRIB | IN_MASK_ADD;

// The name under which a file is told of by its own watch.
constexpr std::string_view itself;

}  // namespace

Result<std::unique_ptr<FileWatch>> FileWatch::open(Loop& loop, std::vector<std::string> paths,
                                                   std::function<void()> on_change) {
  Descriptor inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) {
    return Error(std::string("cannot watch files: inotify: ") + std::strerror(errno));
  }
  return std::unique_ptr<FileWatch>(
      new FileWatch(loop, std::move(inotify), std::move(paths), std::move(on_change)));
}

FileWatch::FileWatch(Loop& loop, Descriptor inotify, std::vector<std::string> paths,
                     std::function<void()> on_change)
    : inotify_(std::move(inotify)),
      paths_(std::move(paths)),
      on_change_(std::move(on_change)),
      poll_(loop, inotify_.get(), [this](Poll::Ready) { read(); }) {
  watch();
  poll_.watch({.readable = true, .writable = false});
}

// A folder that is watched already keeps its descriptor; one that is on no way any more is let go.
void FileWatch::watch() {
  Names names;
  for (const std::string& path : paths_) {
    watch_way_to(path, names);
    std::error_code code;
    if (const auto target = std::filesystem::canonical(path, code); !code && target != path) {
      watch_way_to(target.string(), names);
    }
  }
  for (const auto& [folder, unused] : names_) {
    if (!names.contains(folder)) {
      inotify_rm_watch(inotify_.get(), folder);
    }
  }
  names_ = std::move(names);
}

void FileWatch::watch_way_to(const std::string& path, Names& names) const {
  for (std::size_t slash = 0; slash != std::string::npos;) {
    const std::string folder = path.substr(0, slash == 0 ? 1 : slash);
    const int watched = inotify_add_watch(inotify_.get(), folder.c_str(), events_of_a_folder);
    if (watched < 0) {
      return;
    }
    const std::size_t next = path.find('/', slash + 1);
    names[watched].insert(path.substr(slash + 1, next - slash - 1));
    slash = next;
  }
  const int file = inotify_add_watch(inotify_.get(), path.c_str(), events_of_a_file);
  if (file >= 0) {
    names[file].emplace(itself);
  }
}

bool FileWatch::matters(int folder, const std::string& name) const {
  const auto found = names_.find(folder);
  return found != names_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](std::string_view one) {
           return one.ends_with('*') ? name.starts_with(one.substr(0, one.size() - 1))
                                     : name == one;
         });
}

void FileWatch::read() {
  constexpr int max_in_a_turn = 64;
  alignas(inotify_event) std::array<char, 8192> buffer{};
  bool changed = false;
  for (int i = 0; i < max_in_a_turn; ++i) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size <= 0) {
      break;
    }
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, &buffer.at(at), sizeof event);
      const char* text = buffer.data() + at + sizeof event;
      const std::string name(text, strnlen(text, event.len));
      const bool folder_went =
          (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0 && names_.contains(event.wd);
      const bool let_go = (event.mask & IN_IGNORED) != 0;
      changed = changed || (event.mask & IN_Q_OVERFLOW) != 0 || folder_went ||
                (!let_go && matters(event.wd, name));
      at += sizeof event + event.len;
    }
  }
  if (changed) {
    watch();
    // The call may destroy this: nothing of it is touched afterwards.
    const auto call = on_change_;
    call();
  }
}

}  // namespace weir
