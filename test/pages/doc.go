// Package pages pastes the pages of docs/ into a machine, as a reader would: a page that
// lies fails a test.
//
// What a page is made of says what is done with it, without marks in the text:
//
//   - a block of sh is pasted, line by line, into one shell for the whole page, in a
//     disposable machine where oneha and Pacemaker's tools are installed; every command has
//     to succeed. A block that such a machine cannot run, because it wants a cluster, a
//     BMC or an internet, is named in elsewhere with the reason and the test that does run it;
//   - a block without a language behind it is what that prints; a line of three dots stands
//     for lines that are left out;
//   - a block of yaml that starts with "version: 1" is a description, and becomes oneha.yaml
//     in the machine's directory.
//
// Pages whose commands another test follows are in followed.
package pages
