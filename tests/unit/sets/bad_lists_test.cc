// What becomes of a set when its list is none, in every way that files go wrong: an error with file
// and line at the start, the set from before at a reload.
#include <filesystem>
#include <fstream>
#include <functional>

#include "base/folder.h"
#include "catch.h"
#include "sets/set_table.h"

namespace weir {
namespace {

class OneList {
 public:
  OneList() : path_(folder_ / "list") {}
  void write(std::string_view text) const { std::ofstream(path_, std::ios::binary) << text; }
  void replace() const {
    std::ofstream(folder_ / "new") << "192.0.2.9\n";
    std::filesystem::rename(folder_ / "new", path_);
  }
  void remove() const { std::filesystem::remove_all(path_); }
  void make_folder() const { std::filesystem::create_directory(path_); }

  // `meanwhile` happens once the file is open, before a byte of it is read.
  [[nodiscard]] SetsLoaded load(
      const SetTable* before, const std::function<void()>& meanwhile = [] {}) const {
    const std::vector<SetSettings> sets{{.name = "s",
                                         .location = {"weir.ini", 6},
                                         .files = {{path_, {"weir.ini", 7}}},
                                         .entries = {}}};
    return load_sets(sets, before, [&](const std::string& path) {
      auto out = open_list(path);
      meanwhile();
      return out;
    });
  }
  // The one line, without the folder's name.
  [[nodiscard]] std::string line_of(const SetsLoaded& loaded) const {
    REQUIRE(loaded.diagnostics.size() == 1);
    std::string out = loaded.diagnostics.front().line();
    for (auto at = out.find(path_); at != std::string::npos; at = out.find(path_)) {
      out.replace(at, path_.size(), "list");
    }
    return out;
  }

 private:
  Folder folder_;
  std::string path_;
};

bool has(const SetsLoaded& loaded, const char* host) {
  return loaded.table && loaded.table->find("s")->contents->contains(host);
}

struct Bad {
  std::function<void(const OneList&)> make;
  std::function<void(const OneList&)> meanwhile;
  std::string where;
  std::string why;
};

void nothing(const OneList& /*list*/) {}

std::function<void(const OneList&)> text_of(std::string text) {
  return [text = std::move(text)](const OneList& list) { list.write(text); };
}

TEST_CASE("a bad list is an error at the start, and leaves the set as it was at a reload") {
  const std::string good = "example.org\n";
  const std::vector<Bad> all{
      {text_of(std::string("\x7f"
                           "ELF\x02\x00\x01\n",
                           8)),
       nothing, "weir.ini:7", "cannot use 'list': it is binary, not text"},
      {text_of("\x1f\x8b\x08\x08\n"), nothing, "weir.ini:7",
       "cannot use 'list': it is compressed (gzip): unpack it first"},
      {text_of("example.org\n" + std::string(1'000'000, 'x') + "\n"), nothing, "list:2",
       "the line is 1000000 bytes long, at most 4096 are allowed"},
      {text_of(good), [](const OneList& list) { list.replace(); }, "weir.ini:7",
       "cannot use 'list': it was replaced while being read"},
      {text_of(good), [](const OneList& list) { list.write("example.net\nexample.org\n"); },
       "weir.ini:7", "cannot use 'list': it was changed while being read"},
      {text_of(good), [](const OneList& list) { list.remove(); }, "weir.ini:7",
       "cannot use 'list': it vanished while being read"},
      {nothing, nothing, "weir.ini:7", "cannot use 'list': there is no such file"},
      {[](const OneList& list) { list.make_folder(); }, nothing, "weir.ini:7",
       "cannot use 'list': it is a directory"},
      {text_of(""), nothing, "weir.ini:7", "cannot use 'list': it lists nothing"},
      {text_of("# none\r\n\r\n"), nothing, "weir.ini:7", "cannot use 'list': it lists nothing"},
      {text_of("example.org\nb\xFC"
               "cher.example\n"),
       nothing, "list:2", "is no international name"},
  };
  const OneList list;
  for (const Bad& bad : all) {
    INFO(bad.why);
    list.remove();
    list.write(good);
    const SetsLoaded before = list.load(nullptr);
    REQUIRE(before.table);

    for (const SetTable* known : {static_cast<const SetTable*>(nullptr), before.table.get()}) {
      list.remove();
      bad.make(list);
      const SetsLoaded loaded = list.load(known, [&] { bad.meanwhile(list); });
      const std::string line = list.line_of(loaded);
      const bool at_start = known == nullptr;
      CHECK(line.starts_with(bad.where + (at_start ? ": error: " : ": warning: ")));
      CHECK(line.find(bad.why) != std::string::npos);
      CHECK(line.ends_with("[set s] stays as it was") == !at_start);
      CHECK(has(loaded, "example.org") == !at_start);
    }
  }
}

TEST_CASE("what editors and other systems do to a list is no error") {
  const OneList list;
  list.write(
      "\xEF\xBB\xBF# by hand\r\nADS.Example.ORG\r\nB\xC3\x9C"
      "CHER.example\r\n\r\nlast.example");
  const SetsLoaded loaded = list.load(nullptr);
  CHECK(loaded.diagnostics.empty());
  CHECK(has(loaded, "ads.example.org"));
  CHECK(has(loaded, "xn--bcher-kva.example"));
  CHECK(has(loaded, "last.example"));
  CHECK(loaded.table->find("s")->contents->size() == 3);
}

}  // namespace
}  // namespace weir
