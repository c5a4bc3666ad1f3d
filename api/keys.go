package api

import (
	"cmp"
	"context"
	"time"

	"wellspring/access"
)

func (s *server) GetMe(ctx context.Context, _ GetMeRequestObject) (GetMeResponseObject, error) {
	who, _ := access.From(ctx)
	return GetMe200JSONResponse{Name: who.Name, ID: who.ID, Means: MeMeans(who.Means), Roles: rolesOf(who.Roles), Operations: who.Operations}, nil
}

func (s *server) ListKeys(ctx context.Context, _ ListKeysRequestObject) (ListKeysResponseObject, error) {
	list, err := s.Keys.List(ctx)
	if err != nil {
		return nil, err
	}
	answer := ListKeys200JSONResponse{Keys: make([]Key, len(list))}
	for i, k := range list {
		answer.Keys[i] = keyOf(k)
	}
	return answer, nil
}

func (s *server) CreateKey(ctx context.Context, request CreateKeyRequestObject) (CreateKeyResponseObject, error) {
	p := request.Params
	names := make([]string, len(p.Role))
	for i, r := range p.Role {
		names[i] = string(r)
	}
	roles, err := access.ParseRoles(names)
	if err != nil {
		return nil, err
	}
	who, _ := access.From(ctx)
	key, secret, err := s.Keys.Create(ctx, access.NewKey{
		Name: p.Name, Roles: roles, Operations: p.Operation, Expires: time.Duration(p.ExpiresInDays) * 24 * time.Hour, By: who.Name,
	})
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "key:"+key.ID, nil, keyOf(key))
	return CreateKey201JSONResponse{Key: keyOf(key), Secret: secret}, nil
}

func (s *server) RotateKey(ctx context.Context, request RotateKeyRequestObject) (RotateKeyResponseObject, error) {
	hours := cmp.Or(request.Params.GraceHours, 24)
	key, secret, err := s.Keys.Rotate(ctx, request.ID, time.Duration(hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "key:"+key.ID, nil, keyOf(key))
	return RotateKey200JSONResponse{Key: keyOf(key), Secret: secret}, nil
}

func (s *server) RevokeKey(ctx context.Context, request RevokeKeyRequestObject) (RevokeKeyResponseObject, error) {
	key, err := s.Keys.Revoke(ctx, request.ID)
	if err != nil {
		return nil, err
	}
	noteChange(ctx, "key:"+key.ID, nil, keyOf(key))
	return RevokeKey200JSONResponse(keyOf(key)), nil
}

func keyOf(k access.Key) Key {
	answer := Key{ID: k.ID, Name: k.Name, Roles: rolesOf(k.Roles), Operations: k.Operations, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy}
	for into, at := range map[*time.Time]*time.Time{&answer.ExpiresAt: k.ExpiresAt, &answer.RevokedAt: k.RevokedAt, &answer.UsedAt: k.UsedAt} {
		if at != nil {
			*into = *at
		}
	}
	return answer
}

func rolesOf(roles []access.Role) []Role {
	names := make([]Role, len(roles))
	for i, r := range roles {
		names[i] = Role(r)
	}
	return names
}
