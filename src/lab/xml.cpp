// Elements and text; AWS's answers need no more.
#include "lab/xml.h"

namespace mainstay::lab {

std::string xml_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Xml& Xml::leaf(std::string_view name, std::string_view text) {
  text_.append("<").append(name).append(">").append(xml_escape(text));
  text_.append("</").append(name).append(">");
  return *this;
}

Xml& Xml::node(std::string_view name, const std::function<void()>& content) {
  text_.append("<").append(name).append(">");
  content();
  text_.append("</").append(name).append(">");
  return *this;
}

}  // namespace mainstay::lab
