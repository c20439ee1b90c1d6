package fakeredfish

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

type session struct{ user, token string }

// accounts maps users to passwords.
var accounts = map[string]string{Username: Password, ViewerName: ViewerPassword}

func knows(user, password string) bool {
	want, ok := accounts[user]
	return ok && want == password
}

// whoIs returns the user of a request and how it logged in, and whether it may.
func (b *BMC) whoIs(r *http.Request) (user, auth string, ok bool) {
	if token := r.Header.Get("X-Auth-Token"); token != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, s := range b.sessions {
			if s.token == token {
				return s.user, "session", true
			}
		}
		return "", "refused", false
	}
	if user, password, given := r.BasicAuth(); given {
		if b.options.NoBasic || !knows(user, password) {
			return "", "refused", false
		}
		return user, "basic", true
	}
	return "", "none", false
}

// guarded lets only users through.
func (b *BMC) guarded(f http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, auth, ok := b.whoIs(r)
		b.record(r, auth)
		if !ok {
			b.countRefused(auth == "refused")
			w.Header().Set("WWW-Authenticate", `Basic realm="fake Redfish BMC"`)
			refuse(w, http.StatusUnauthorized, "NoValidSession", "There is no valid session established with the implementation.")
			return
		}
		f(w, r)
	}
}

func (b *BMC) countRefused(refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refused {
		b.refused++
	}
}

func (b *BMC) openSession(w http.ResponseWriter, r *http.Request) {
	b.record(r, "none")
	var login struct{ UserName, Password string }
	if err := json.NewDecoder(r.Body).Decode(&login); err != nil {
		refuse(w, http.StatusBadRequest, "MalformedJSON", "The request body submitted was malformed JSON and could not be parsed by the receiving service.")
		return
	}
	if !knows(login.UserName, login.Password) {
		b.countRefused(true)
		refuse(w, http.StatusUnauthorized, "ResourceAtUriUnauthorized", "While accessing the resource, the service received an authorization error.")
		return
	}
	b.mu.Lock()
	if len(b.sessions) >= b.options.SessionLimit {
		b.mu.Unlock()
		refuse(w, http.StatusServiceUnavailable, "SessionLimitExceeded", "The session establishment failed due to the number of simultaneous sessions exceeding the limit of the implementation.")
		return
	}
	b.opened++
	id, s := fmt.Sprint(b.opened), session{login.UserName, rand.Text()}
	b.sessions[id] = s
	b.mu.Unlock()
	w.Header().Set("X-Auth-Token", s.token)
	switch {
	case b.options.NoLocation:
	case b.options.FullLocation:
		w.Header().Set("Location", "https://ILO1234"+sessionsPath+"/"+id)
	default:
		w.Header().Set("Location", sessionsPath+"/"+id)
	}
	answer(w, http.StatusCreated, sessionObject(id, s))
}

func sessionObject(id string, s session) object {
	return object{"@odata.id": sessionsPath + "/" + id, "@odata.type": "#Session.v1_2_1.Session", "Id": id, "Name": "User Session", "UserName": s.user}
}

func (b *BMC) sessionService(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, object{
		"@odata.id": servicePath, "@odata.type": "#SessionService.v1_1_6.SessionService", "Id": "SessionService", "Name": "Session Service",
		"ServiceEnabled": true, "SessionTimeout": 1800, "Sessions": ref(sessionsPath),
	})
}

func (b *BMC) listSessions(w http.ResponseWriter, _ *http.Request) {
	members := []object{}
	b.mu.Lock()
	for _, id := range slices.Sorted(maps.Keys(b.sessions)) {
		members = append(members, ref(sessionsPath+"/"+id))
	}
	b.mu.Unlock()
	answer(w, http.StatusOK, object{
		"@odata.id": sessionsPath, "@odata.type": "#SessionCollection.SessionCollection", "Name": "Sessions", "Members@odata.count": len(members), "Members": members,
	})
}

func (b *BMC) getSession(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	s, ok := b.sessions[r.PathValue("id")]
	b.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "ResourceMissingAtURI", "The resource at the URI "+r.URL.Path+" was not found.")
		return
	}
	answer(w, http.StatusOK, sessionObject(r.PathValue("id"), s))
}

func (b *BMC) endSession(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	_, ok := b.sessions[r.PathValue("id")]
	delete(b.sessions, r.PathValue("id"))
	b.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, "ResourceMissingAtURI", "The resource at the URI "+r.URL.Path+" was not found.")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
