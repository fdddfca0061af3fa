// Writing the XML of AWS's answers.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace mainstay::lab {

class Xml {
 public:
  Xml& leaf(std::string_view name, std::string_view text);
  // <name> … </name> around what the function writes.
  Xml& node(std::string_view name, const std::function<void()>& content);
  // <name> with one <item> per element.
  template <class List, class Write>
  Xml& items(std::string_view name, const List& list, const Write& write) {
    return node(name, [&] {
      for (const auto& one : list) node("item", [&] { write(one); });
    });
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string xml_escape(std::string_view text);

}  // namespace mainstay::lab
