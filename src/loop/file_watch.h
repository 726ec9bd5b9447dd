// Tells when one of some files may be another one than before: written to, replaced by rename,
// made, gone, or its folder with it. A file need not be there, nor its folder; where it is a link,
// what the link leads to is watched, too. It watches (inotify(7)) and never polls.
//
// It says when to look, not what is there. Calls come in swarms: the owner gathers them.
//
// Owned by the reader of the files; its thread, on its loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "loop/loop.h"
#include "weir/result.h"

namespace weir {

class FileWatch {
 public:
  // `paths` are absolute. One that ends in '*' means every file in its folder that begins like it,
  // and tells of those that come, go or are renamed, not of what is written to them.
  static Result<std::unique_ptr<FileWatch>> open(Loop& loop, std::vector<std::string> paths,
                                                 std::function<void()> on_change);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  // What matters of a watch descriptor: names in a folder, where patterns end in '*', or the file.
  using Names = std::map<int, std::set<std::string>>;

  FileWatch(Loop& loop, Descriptor inotify, std::vector<std::string> paths,
            std::function<void()> on_change);
  void watch();
  void watch_way_to(const std::string& path, Names& names) const;
  void read();
  [[nodiscard]] bool matters(int folder, const std::string& name) const;

  Descriptor inotify_;
  std::vector<std::string> paths_;
  std::function<void()> on_change_;
  Names names_;
  Poll poll_;  // before its descriptor goes
};

}  // namespace weir
