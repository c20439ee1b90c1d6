package fakeoned

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Method is a method that another stand-in of oned (test/fakezone) answers in its
// own way: it is called once the caller is known and has given at least Params
// parameters after the session, and returns the body of the answer.
type Method struct {
	Params int
	Answer func(context.Context, Call) string
}

// Call is a call that was read and authenticated.
type Call struct {
	Body []byte // as it came
	call methodCall
}

// Text is parameter n after the session, from 0.
func (c Call) Text(n int) string { return c.call.param(1 + n) }

// Int is parameter n after the session, from 0, as a number; ok says whether it is one.
func (c Call) Int(n int) (number int, ok bool) {
	number, err := strconv.Atoi(strings.TrimSpace(c.Text(n)))
	return number, err == nil
}

// Yield is the answer with a text.
func (c Call) Yield(text string) string {
	return yield("<string>" + escaped.Replace(text) + "</string>")
}

// YieldNumber is the answer with a number, such as the ID of what was changed.
func (c Call) YieldNumber(n int) string { return yield(fmt.Sprintf("<i4>%d</i4>", n)) }

// Refuse is the answer to a call that is not carried out, with oned's error code
// and the number that stands where oned puts the object's ID (-1: none).
func (c Call) Refuse(code, object int, why string) string { return c.call.refuse(code, object, why) }

// BadParameter is the answer to a call whose parameter n after the session, from
// 0, is not a number.
func (c Call) BadParameter(n int) string {
	return fault(faultType, fmt.Sprintf("Parameter %d is not an integer", 1+n))
}

// Handler answers XML-RPC as oned does to the one user that session
// ("user:password") is: the methods in own as they say, all others as this
// package's own fake with its database up.
func Handler(session string, own map[string]Method) http.Handler {
	up := func(context.Context) (bool, error) { return true, nil }
	return api{session: session, database: up, own: own}.handler()
}
