#include "devices/lease_watch.h"

#include <algorithm>
#include <utility>

namespace weir {

Result<std::unique_ptr<LeaseWatch>> LeaseWatch::start(Loop& loop, std::vector<std::string> paths,
                                                      OnChange on_change) {
  std::unique_ptr<LeaseWatch> out(new LeaseWatch(loop, std::move(paths), std::move(on_change)));
  std::vector<std::string> watched = out->paths_;
  for (const std::string& path : out->paths_) {
    watched.push_back(path + ".*");  // of Kea, while it cleans up
  }
  // Before they are read, so that no change falls between.
  auto files =
      FileWatch::open(loop, std::move(watched), [watch = out.get()]() { watch->changed(); });
  if (!files) {
    return files.error();
  }
  out->files_ = std::move(files).value();
  out->read();
  return out;
}

LeaseWatch::LeaseWatch(Loop& loop, std::vector<std::string> paths, OnChange on_change)
    : paths_(std::move(paths)), on_change_(std::move(on_change)), soon_(loop, [this]() {
        is_due_ = false;
        read();
      }) {}

void LeaseWatch::changed() {
  if (!std::exchange(is_due_, true)) {
    soon_.once(pause_);
  }
}

void LeaseWatch::read() {
  const Instant begun = clock_now();
  auto book = read_lease_files(paths_);
  const auto spent = std::chrono::duration_cast<Milliseconds>(clock_now() - begun);
  pause_ = std::max(gathering, spent * share);
  if (told_ == nullptr || *book != *told_) {
    told_ = std::move(book);
    on_change_(told_);
  }
}

}  // namespace weir
